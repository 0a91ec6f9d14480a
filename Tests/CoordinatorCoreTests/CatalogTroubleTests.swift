import Domain
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import CoordinatorCore

/// The coordinator's own trouble is no verdict on what it is sent, and is told although it cannot be written down (P3, P4).
@Suite(.timeLimit(.minutes(2)))
struct CatalogTroubleTests {
    /// The stock client, beside the coordinator.
    @discardableResult
    static func sqlite(_ bench: Bench, _ sql: String) async throws -> String {
        let file = bench.folder.appending(path: "catalog.sqlite").path
        let output = try await ProgramOutput.of("sqlite3", ["-cmd", ".timeout 10000", file, sql])
        guard output.status == 0 else { throw ServerFailure(output.error) }
        return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(arguments: ["plan", "definition"])
    func aColumnThatCannotBeReadIsNoVerdictOnAReport(_ column: String) async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let table = column == "plan" ? "agent" : "place"
        let kept = try await Self.sqlite(bench, "SELECT \(column) FROM \(table) LIMIT 1")
        try await Self.sqlite(bench, "UPDATE \(table) SET \(column) = '[7]'")
        let report = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        let error = await #expect(throws: BackupError.self) { try await agent.send([report]) }
        #expect(error?.code == .unreachable)
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.level == 2 && check.line.contains("catalog"), "\(check.line)")
        let quoted = kept.replacing("'", with: "''")
        try await Self.sqlite(bench, "UPDATE \(table) SET \(column) = '\(quoted)'")
        let receipt = try await agent.send([report])
        #expect(receipt.refused.isEmpty && receipt.acknowledged.count == 1)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
    }

    @Test func whatCannotBeWrittenIsToldFromMemoryAndOnlyOnce() async throws {
        let posts = Mutex<[String]>([])
        let bench = try await Bench(
            environment: ["BACKUP_SLACK_WEBHOOK": "https://hooks.example/x"], at: "2026-03-01T10:10:00Z"
        ) { world in
            world.post = { (request) throws(BackupError) in
                posts.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
                return WebhookAnswer(status: 200)
            }
        }
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        bench.clock.set("2026-03-01T10:52:00Z")
        _ = try await agent.checkIn(revision: 1)
        // The very table of messages that wait to be sent.
        let page = try await CatalogPage.damage("delivery", in: bench.folder.appending(path: "catalog.sqlite"))
        for _ in 0..<3 {
            await #expect(throws: BackupError.self) { try await bench.coordinator.supervise() }
            // The outbox cannot be written to; what is in memory goes out all the same.
            try? await bench.coordinator.deliverAlerts()
        }
        let told = posts.withLock { $0 }
        #expect(told.filter { $0.contains("Backup of inventory on db-01 is overdue") }.count == 1, "\(told)")
        #expect(told.filter { $0.contains("cannot use its catalog") }.count == 1, "\(told)")
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.level == 2 && check.line.contains("catalog"), "\(check.line)")
        let status = try await bench.coordinator.status(by: bench.admin)
        #expect(status.coordinator.findings.contains { $0.contains("not recorded: Backup of inventory") })

        try await page.repair()
        try await bench.coordinator.supervise()
        try await bench.coordinator.deliverAlerts()
        #expect(posts.withLock { $0.count } == told.count)
        let overdue = try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).first {
            $0.kind == "overdue"
        }
        #expect(overdue?.deliveries.map(\.state) == ["sent"])
    }
}
