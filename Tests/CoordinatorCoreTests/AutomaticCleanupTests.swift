import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// Retention by itself: on where a policy states how long it keeps, told a week before it begins, and never much at once.
@Suite(.timeLimit(.minutes(3)))
struct AutomaticCleanupTests {
    private func bench(_ offsite: Offsite, _ yaml: String) async throws -> (Bench, TestAgent) {
        let bench = try await Bench.withBucket(offsite)
        try await apply(bench, yaml)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        return (bench, agent)
    }

    private func apply(_ bench: Bench, _ yaml: String) async throws {
        let whole = "destinations: { offsite: { s3: { bucket: acme-backups, region: us-east-1 } } }\n" + yaml
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: whole, fileName: "fleet.yaml", dryRun: false, acceptsDeletions: true), by: bench.admin)
    }

    /// One backup a day, and retention's turn after each.
    private func live(_ bench: Bench, _ agent: TestAgent, _ offsite: Offsite, days: Int) async throws {
        for _ in 0..<days {
            let report = try agent.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                destinations: [Destination(name: "offsite", s3: .init(bucket: "acme-backups", region: "us-east-1"))],
                store: { try offsite.put($0, $1) })
            try await agent.send([report])
            try await bench.coordinator.confirmCopies()
            try await bench.liveOn(86_400)
            _ = try await agent.checkIn(revision: 1)
            try await bench.coordinator.cleanupIfDue()
        }
    }

    private func count(_ bench: Bench) async throws -> Int {
        try await bench.coordinator.backups(by: bench.admin).count
    }

    private func alert(_ bench: Bench, _ kind: String) async throws -> IncidentView? {
        try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == kind }
    }

    private static let stated = "policies: { default: { tiers: { hourly: { keep: 48h } } } }"

    @Test func itIsOnWhereKeepIsStatedAndOffWhereItIsNotOrWhereSomebodySaysSo() async throws {
        for (yaml, deletes) in [
            (Self.stated, true),
            ("policies: { default: { tiers: { hourly: {} } } }", false),
            (Self.stated + "\nretention: { automatic: false }", false),
        ] {
            let offsite = try Offsite()
            let (bench, agent) = try await bench(offsite, yaml)
            // It has nothing to delete at first, and so needs no announcement.
            try await bench.coordinator.cleanupIfDue()
            try await live(bench, agent, offsite, days: 8)
            #expect(try await count(bench) == (deletes ? 3 : 8), "\(yaml)")
        }
    }

    @Test func theFirstTimeIsAnnouncedAWeekBefore() async throws {
        let offsite = try Offsite()
        let (bench, agent) = try await bench(offsite, Self.stated + "\nretention: { automatic: false }")
        try await live(bench, agent, offsite, days: 8)
        try await apply(bench, Self.stated + "\nretention: { maxDeleteShare: 90% }")
        try await live(bench, agent, offsite, days: 7)
        #expect(try await count(bench) == 15)
        let announced = try #require(try await alert(bench, "cleanup-announced"))
        #expect(announced.detail.contains("of inventory on db-01") && announced.severity == "warning")
        try await live(bench, agent, offsite, days: 1)
        #expect(try await alert(bench, "cleanup-announced") == nil)
        #expect(try await count(bench) < 15)
    }

    /// A week's notice is no leave to delete most of what there is.
    @Test func theFirstTimeIsNoExceptionToTheShare() async throws {
        let offsite = try Offsite()
        let (bench, agent) = try await bench(offsite, Self.stated + "\nretention: { automatic: false }")
        try await live(bench, agent, offsite, days: 8)
        try await apply(bench, Self.stated)
        try await live(bench, agent, offsite, days: 9)
        #expect(try await count(bench) == 17)
        #expect(try await alert(bench, "cleanup-share")?.detail.contains("30 %") == true)
    }

    @Test func whatWouldTakeMuchAtOnceRestsUntilAPersonDoesIt() async throws {
        let offsite = try Offsite()
        let (bench, agent) = try await bench(offsite, "policies: { default: { tiers: { hourly: { keep: 30d } } } }")
        try await bench.coordinator.cleanupIfDue()
        try await live(bench, agent, offsite, days: 10)
        #expect(try await count(bench) == 10)
        // Somebody mistypes it.
        try await apply(bench, Self.stated)
        try await live(bench, agent, offsite, days: 2)
        #expect(try await count(bench) == 12)
        let rests = try #require(try await alert(bench, "cleanup-share"))
        #expect(rests.detail.contains("30 %") && rests.detail.contains("holdfast cleanup"))
        #expect(rests.severity == "warning")
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        let done = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        #expect(done.deleted.count == 9)
        try await live(bench, agent, offsite, days: 1)
        #expect(try await alert(bench, "cleanup-share") == nil)
    }
}
