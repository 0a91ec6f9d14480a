import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// What is noted of good backups is told, once for each thing.
struct NotedBackupTests {
    private func backUp(_ bench: Bench, _ agent: TestAgent, _ notes: [String]?) async throws {
        var report = try agent.report(
            .succeeded, run: UUID(), database: "files", kind: .application, nominalAt: bench.clock.now)
        report.manifest?.notes = notes
        #expect(try await agent.send([report]).refused.isEmpty)
        bench.clock.advance(3600)
    }

    private func alert(_ bench: Bench) async throws -> IncidentView? {
        try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == "noted" }
    }

    @Test func itIsToldWhenItIsNewAndNotAgain() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("files", kind: .application)])
        try await backUp(bench, agent, nil)
        #expect(try await alert(bench) == nil)
        try await backUp(bench, agent, ["not in the backup: the device file /srv/sda"])
        let told = try #require(try await alert(bench))
        #expect(told.severity == "warning" && told.detail.contains("/srv/sda"))
        #expect(try await bench.coordinator.check(by: bench.admin).level >= 1)
        _ = try await bench.coordinator.acknowledgeAlert("\(told.id)", by: bench.admin)
        #expect(try await alert(bench) == nil)
        try await backUp(bench, agent, ["not in the backup: the device file /srv/sda"])
        #expect(try await alert(bench) == nil)
        // A count that grows is no news, another thing is.
        try await backUp(bench, agent, ["not in the backup: the device file /srv/sda", "CHECK failed in t (3 times)"])
        let second = try #require(try await alert(bench))
        #expect(second.detail.contains("CHECK failed") && !second.detail.contains("/srv/sda"), "\(second.detail)")
        try await backUp(bench, agent, ["not in the backup: the device file /srv/sda", "CHECK failed in t (4 times)"])
        #expect(try await alert(bench)?.detail == second.detail)
        try await backUp(bench, agent, ["a third", "CHECK failed in t (4 times)"])
        #expect(try await alert(bench)?.detail.contains("And: a third") == true)
        // What is noted no more needs nobody.
        try await backUp(bench, agent, nil)
        #expect(try await alert(bench) == nil)
    }
}
