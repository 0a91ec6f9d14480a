import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `cleanup` as the built program on a year of backups in a real bucket: what it prints is what it leaves.
@Suite(.timeLimit(.minutes(10))) struct CleanupTests {
    @Test func aYearOfBackupsIsLeftExactlyAsPrintedInTheBucketToo() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { offsite: \(s3.destination) }
            policies: { all: { tiers: { hourly: {}, daily: {}, weekly: {}, monthly: {} }, destinations: [offsite] } }
            """)
        _ = try await fleet.join("db-01", "databases: []\n")
        let agent = try #require(try await fleet.list([AgentView].self, "agent", "list").first)
        fleet.killCoordinator()
        try await SeededYear(fleet: fleet, s3: s3, agent: agent, policy: "all", destination: "offsite").seed()
        try await fleet.start()

        let plan = try await eventually("the coordinator has seen every copy", within: .seconds(240)) {
            let plan = try await fleet.list(CleanupView.self, "cleanup", "--dry-run")
            return plan.items.contains { $0.reason == "not confirmed yet" } ? nil : plan
        }
        #expect(plan.suspended == nil)
        let (doomed, kept) = (plan.items.filter(\.delete), plan.items.filter { !$0.delete })
        #expect(doomed.count > 500)
        #expect(kept.count > 40 && kept.count < 80)
        #expect(plan.items.allSatisfy { !$0.reason.isEmpty })
        let before = try await backups(fleet)
        #expect(Set(before.map(\.id)) == Set(plan.items.map(\.backup)))
        #expect(try await s3.keys() == before.flatMap(keys).sorted(), "showing a plan deletes nothing")

        let printed = try await fleet.run("cleanup", "--force", input: "")
        #expect(printed.status == 0, "\(printed.error)")
        #expect(printed.text.contains("deleted \(doomed.count) backups"))
        #expect(printed.text.split(separator: "\n").count { $0.hasPrefix("keep ") } == kept.count)
        let left = try await backups(fleet)
        #expect(Set(left.map(\.id)) == Set(kept.map(\.backup)))
        #expect(left.allSatisfy { $0.state == .good })
        #expect(try await s3.keys() == left.flatMap(keys).sorted())
        #expect(try await fleet.list(CleanupView.self, "cleanup", "--dry-run").items.allSatisfy { !$0.delete })
    }

    private func backups(_ fleet: Fleet) async throws -> [BackupView] {
        try await fleet.list([BackupView].self, "backup", "list", "--limit", "10000")
    }

    /// Where a backup's objects and its manifest lie.
    private func keys(_ backup: BackupView) -> [String] {
        let names = backup.objects.map(\.name)
        return (names + names.map { $0.replacing(".sql", with: ".json") }).map { "db-01/database-backups/" + $0 }
    }
}
