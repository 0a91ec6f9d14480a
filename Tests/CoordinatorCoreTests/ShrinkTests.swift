import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// A backup that is whole, of a database that has lost what was in it (faults 64 to 66).
@Suite(.timeLimit(.minutes(2)))
struct ShrinkTests {
    private func bench(_ shrink: String = "") async throws -> (Bench, TestAgent) {
        let bench = try await Bench()
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: """
                    destinations: { local: { directory: /backups } }
                    policies: { default: { tiers: { hourly: { keep: 48h } }\(shrink) } }
                    """, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory"), agent.facts("files", kind: .sqlite)])
        return (bench, agent)
    }

    /// A backup with so many rows in each table; nil says nothing of tables.
    private func backUp(
        _ bench: Bench, _ agent: TestAgent, rows: [Int64]?, bytes: Int = 1000, kind: DatabaseKind = .postgres
    ) async throws -> UUID {
        var report = try agent.report(
            .succeeded, run: UUID(), database: kind == .sqlite ? "files" : "inventory", kind: kind,
            nominalAt: bench.clock.now, plain: [UInt8](repeating: 0x78, count: bytes))
        report.manifest?.fingerprint = rows.map { rows in
            .init(
                tables: rows.enumerated().map { .init(name: "t\($0.offset)", rows: $0.element, sha256: "") })
        }
        let receipt = try await agent.send([report])
        #expect(receipt.refused.isEmpty, "\(receipt)")
        bench.clock.advance(3600)
        return try #require(report.manifest?.id)
    }

    private func alert(_ bench: Bench, _ kind: String) async throws -> IncidentView? {
        try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first { $0.kind == kind }
    }

    @Test(arguments: [
        ([100, 100, 100], 1000, [10, 10, 10], 1000, "30 rows instead of 300"),
        ([1, 1, 1], 1000, [1], 1000, "1 tables instead of 3"),
        ([1], 1000, [1], 400, "400 bytes instead of 1000"),
    ])
    func losingMoreThanHalfIsToldAndHoldsTheLastGood(
        _ before: [Int64], _ size: Int, _ after: [Int64], _ left: Int, _ words: String
    ) async throws {
        let (bench, agent) = try await bench()
        let last = try await backUp(bench, agent, rows: before, bytes: size)
        #expect(try await alert(bench, "shrunk") == nil)
        let small = try await backUp(bench, agent, rows: after, bytes: left)
        let told = try #require(try await alert(bench, "shrunk"))
        #expect(told.detail.contains(words) && told.severity == "critical", "\(told.detail)")
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
        // However old it grows, and however many come after it.
        for _ in 0..<4 { _ = try await backUp(bench, agent, rows: after, bytes: left) }
        try await bench.liveOn(10 * 86_400)
        _ = try await agent.checkIn(revision: 1)
        let held = try await bench.coordinator.cleanupPlan(by: bench.admin).items
        #expect(held.first { $0.backup == last }?.delete == false)
        #expect(held.first { $0.backup == small }?.delete == true)
        _ = try await bench.coordinator.acknowledgeAlert("\(told.id)", by: bench.admin)
        #expect(try await alert(bench, "shrunk") == nil)
        #expect(
            try await bench.coordinator.cleanupPlan(by: bench.admin).items.first { $0.backup == last }?.delete == true)
    }

    /// However little it is of the whole.
    @Test func aTableThatLostAllItsRowsIsTold() async throws {
        let (bench, agent) = try await bench()
        let last = try await backUp(bench, agent, rows: [1_000_000, 40_000, 20])
        // A queue that ran empty is nothing.
        _ = try await backUp(bench, agent, rows: [1_000_000, 40_000, 0])
        #expect(try await alert(bench, "shrunk") == nil)
        let held = try #require(try await bench.coordinator.backups(by: bench.admin).first?.id)
        _ = try await backUp(bench, agent, rows: [1_000_000, 0, 0])
        let told = try #require(try await alert(bench, "shrunk"))
        #expect(told.detail.contains("no row in t1, which had 40000"), "\(told.detail)")
        // What comes after is not taken for the measure, nor for what is held.
        _ = try await backUp(bench, agent, rows: [10, 0, 0])
        let still = try #require(try await alert(bench, "shrunk"))
        #expect(still.id == told.id && still.detail.contains(held.uuidString.lowercased()), "\(still.detail)")
        try await bench.liveOn(10 * 86_400)
        _ = try await agent.checkIn(revision: 1)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin).items
        #expect(plan.first { $0.backup == held }?.delete == false && held != last)
    }

    @Test func howMuchMayBeLostIsThePolicysToSay() async throws {
        let (bench, agent) = try await bench(", shrink: off")
        _ = try await backUp(bench, agent, rows: [100])
        _ = try await backUp(bench, agent, rows: [1])
        #expect(try await alert(bench, "shrunk") == nil)
        // Of one database alone.
        let (single, third) = try await self.bench(", shrinkOf: { inventory: off, other: 5% }")
        _ = try await backUp(single, third, rows: [100])
        _ = try await backUp(single, third, rows: [1])
        #expect(try await alert(single, "shrunk") == nil)
        _ = try await backUp(single, third, rows: [100], kind: .sqlite)
        _ = try await backUp(single, third, rows: [1], kind: .sqlite)
        #expect(try await alert(single, "shrunk")?.database == "files")
        let (strict, other) = try await self.bench(", shrink: 10%")
        _ = try await backUp(strict, other, rows: [100])
        _ = try await backUp(strict, other, rows: [89])
        #expect(try await alert(strict, "shrunk") != nil)
    }

    @Test func anEmptiedSQLiteFileIsAFailureWhereItHadTables() async throws {
        let (bench, agent) = try await bench()
        _ = try await backUp(bench, agent, rows: [5], kind: .sqlite)
        _ = try await backUp(bench, agent, rows: [], kind: .sqlite)
        let failed = try #require(try await alert(bench, "failed"))
        #expect(failed.detail.contains("no table any more"), "\(failed.detail)")
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
        #expect(try await bench.coordinator.backups(by: bench.admin).count { $0.state == .good } == 1)
    }

    @Test func oneThatNeverHadAnyIsAWarning() async throws {
        let (bench, agent) = try await bench()
        _ = try await backUp(bench, agent, rows: [], kind: .sqlite)
        #expect(try await alert(bench, "empty")?.severity == "warning")
        _ = try await backUp(bench, agent, rows: [1], kind: .sqlite)
        #expect(try await alert(bench, "empty") == nil)
    }
}
