import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// What is noted of good backups is told, once for each thing.
struct NotedBackupTests {
    private func backUp(
        _ bench: Bench, _ agent: TestAgent, _ notes: [String]?, late: TimeInterval = 0
    ) async throws {
        var report = try agent.report(
            .succeeded, run: UUID(), database: "files", kind: .application, nominalAt: bench.clock.now)
        report.manifest?.notes = notes
        report.manifest?.snapshotAt = bench.clock.now.addingTimeInterval(-late)
        #expect(try await agent.send([report]).refused.isEmpty)
        bench.clock.advance(3600)
    }

    private func alert(_ bench: Bench) async throws -> IncidentView? {
        try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == "noted" }
    }

    @Test func itIsToldWhenItIsNewAndNotAgain() async throws {
        let bench = try await Bench(environment: ["BACKUP_SLACK_WEBHOOK": "https://hooks.example/x"])
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
        // Each that was new was a message of its own.
        let messages = try #require(try await alert(bench)?.deliveries.map(\.channel))
        #expect(messages == ["slack", "slack"])
        // What is noted no more needs nobody, and is no news when it comes back.
        try await backUp(bench, agent, nil)
        #expect(try await alert(bench) == nil)
        try await backUp(bench, agent, ["a third"])
        #expect(try await alert(bench) == nil)
        // What came late says nothing of how it is now.
        try await backUp(bench, agent, ["a fourth"], late: 86_400)
        #expect(try await alert(bench) == nil)
        // Of many all are known to be there.
        try await backUp(bench, agent, (1...12).map { "table t\($0) is odd" })
        #expect(try await alert(bench)?.detail.contains("and 2 more, which `holdfast backup show` has") == true)
    }
}
