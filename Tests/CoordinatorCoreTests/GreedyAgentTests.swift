import Archive
import Catalog
import Domain
import Foundation
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

/// One host that was taken over cannot keep the coordinator from all the others.
@Suite(.timeLimit(.minutes(5)))
struct GreedyAgentTests {
    private func reports(_ agent: TestAgent, _ count: Int) throws -> [RunReport] {
        try (0..<count).map { number in
            try agent.report(
                .started, run: UUID(), database: "db\(number)", nominalAt: agent.bench.clock.now + Double(number))
        }
    }

    /// Others have their turn between: as many transactions as portions, and no more decoded plans than revisions.
    @Test func aLargeBatchIsTakenInPortions() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let names = (0..<1000).map { "db\($0)" }
        _ = try await agent.checkIn(databases: try names.map { try agent.facts($0) })
        let items = try reports(agent, 1000)
        let largest = Mutex(0)
        let others = Mutex(0)
        let (over, isOver) = AsyncStream<Void>.makeStream()
        let catalog = bench.coordinator.catalog
        // Somebody who wants to write all the time sees how many rows came at once.
        let watcher = Task {
            var before = 0
            while !Task.isCancelled {
                let now = try await catalog.write { try $0.openRuns().count }
                largest.withLock { [before] in $0 = max($0, now - before) }
                others.withLock { $0 += 1 }
                before = now
                if now == 1000 { isOver.finish() }
            }
        }
        let receipt = try await agent.send(items)
        for await _ in over {}
        watcher.cancel()
        _ = await watcher.result
        #expect(receipt.acknowledged.count == 1000 && receipt.refused.isEmpty)
        let most = largest.withLock { $0 }
        #expect(most <= 2 * AgentCaps.reportsPerTransaction, "\(most) reports in one go")
        #expect(others.withLock { $0 } > 1000 / (2 * AgentCaps.reportsPerTransaction))
    }

    @Test func whatIsTooMuchIsSaidAndNothingOfItIsTaken() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let batch = await #expect(throws: BackupError.self) { try await agent.send(try reports(agent, 2000)) }
        #expect(batch?.code == .usage && batch?.message.contains("2000 reports") == true)
        #expect(try await bench.coordinator.catalog.read { try $0.openRuns() }.isEmpty)

        let invented = try (0..<5500).map { try agent.facts("invented\($0)") }
        let facts = await #expect(throws: BackupError.self) { try await agent.checkIn(databases: invented) }
        #expect(facts?.code == .usage && facts?.message.contains("5500 databases") == true)
        #expect(try await bench.coordinator.databases(by: bench.admin).isEmpty)
        // That it cannot work is told.
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.kind) == ["trouble"])
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
    }

    @Test func bytesHaveAnEndToo() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        func send() async throws -> ReportReceipt {
            try await bench.coordinator.record(
                ReportBatch(items: try reports(agent, 1).map { .init(id: UUID(), run: $0) }), bytes: 16 << 20,
                from: agent.identity)
        }
        for _ in 0..<64 { #expect(try await send().acknowledged.count == 1) }
        let error = await #expect(throws: BackupError.self) { try await send() }
        #expect(error?.code == .busy && error?.message.contains("1024 MiB of reports") == true)
        bench.clock.advance(3601)
        #expect(try await send().acknowledged.count == 1)
    }

    @Test func newNamesEveryTimeComeToAnEnd() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        for round in 0..<2 {
            _ = try await agent.checkIn(databases: (0..<5000).map { try agent.facts("r\(round)-\($0)") })
        }
        let error = await #expect(throws: BackupError.self) {
            try await agent.checkIn(databases: [agent.facts("one-more")])
        }
        #expect(error?.code == .usage && error?.message.contains("10000") == true)
        let receipt = try await agent.send([
            agent.report(.started, run: UUID(), database: "by-report", nominalAt: bench.clock.now)
        ])
        #expect(receipt.refused.count == 1)
        #expect(try await bench.coordinator.catalog.read { try $0.databases(agent: agent.identity.id).count } == 10_000)
    }

    @Test func reportsWithoutEndWaitOnTheirHost() async throws {
        let allowance = ReportAllowance()
        let (one, other) = (
            AgentIdentity(id: UUID(), name: "db-01", key: ""), AgentIdentity(id: UUID(), name: "db-02", key: "")
        )
        for _ in 0..<60 { try allowance.spend(1000, of: one, uptime: .seconds(10)) }
        let error = #expect(throws: BackupError.self) { try allowance.spend(1, of: one, uptime: .seconds(3600)) }
        #expect(error?.code == .busy)
        try allowance.spend(1000, of: other, uptime: .seconds(10))
        try allowance.spend(1000, of: one, uptime: .seconds(3611))
    }

    /// What one agent says of itself costs no reading of the others: a row of another that cannot be read does not matter.
    @Test func aCheckInReadsOnlyItsOwn() async throws {
        let bench = try await Bench()
        let (agent, other) = (try await bench.enrol("db-01"), try await bench.enrol("db-02"))
        _ = try await other.checkIn(databases: [other.facts("inventory")])
        let broken = other.identity.id.uuidString.lowercased()
        try await CatalogTroubleTests.sqlite(bench, "UPDATE agent SET labels = '[7]' WHERE id = '\(broken)'")
        let response = try await agent.checkIn(databases: [agent.facts("inventory")])
        #expect(response.plan?.entries.isEmpty == false)
        #expect(bench.coordinator.catalog.health.troubles.isEmpty)
    }
}
