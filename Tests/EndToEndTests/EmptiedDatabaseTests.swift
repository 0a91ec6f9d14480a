import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A database that lost its content is no good copy of it, and the last one from before stays (B7).
@Suite(.timeLimit(.minutes(5))) struct EmptiedDatabaseTests {
    @Test func anEmptiedFileFailsAndWhatShrankHoldsTheOneBefore() async throws {
        let clock = try await MovedClock()
        defer { clock.stop() }
        let fleet = try await Fleet(environment: clock.environment)
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 1h } }, floor: 1 }"#)
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO"
        let shop = try await fleet.sqlite("shop.db", "CREATE TABLE a (x); \(rows) a SELECT i FROM n")
        let ledger = "CREATE TABLE a (x); CREATE TABLE b (x); \(rows) a SELECT i FROM n; INSERT INTO b VALUES (1)"
        try await fleet.sqlite("ledger.db", ledger)
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: shop, sqlite: \(shop.path) }
              - { name: ledger, sqlite: \(fleet.folder.path)/ledger.db }
            retries: { attempts: 1 }
            """, environment: clock.environment)
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(2)
        func backUp(_ name: String) async throws -> ProgramOutput {
            try await fleet.backUp(["--tier", "daily", "--database", name])
        }
        func backups(of name: String) async throws -> [BackupView] {
            try await fleet.backups().filter { $0.database.rawValue == name }
        }
        for name in ["shop", "ledger"] { #expect(try await backUp(name).status == 0) }
        let (whole, first) = (try await backups(of: "shop"), try await backups(of: "ledger"))
        #expect(whole.count == 1 && first.count == 1)

        // No bytes at all, and a file that is whole but has no table.
        try Data().write(to: shop)
        let emptied = try await backUp("shop")
        #expect(emptied.status == 1 && emptied.error.contains("has no table any more"), "\(emptied)")
        try await fleet.sqlite("shop.db", "CREATE TABLE a (x); DROP TABLE a")
        #expect(try Data(contentsOf: shop).count > 0)
        let tableless = try await backUp("shop")
        #expect(tableless.status == 1 && tableless.error.contains("has no table any more"), "\(tableless)")
        #expect(try await backups(of: "shop").filter { $0.state == .good }.map(\.id) == whole.map(\.id))
        #expect(try await fleet.database("shop")?.lastGoodBackup == whole.first?.id)
        let failing = try await fleet.run("check")
        #expect(failing.status == 2 && failing.text.contains("Backup of shop on db-01 failed"), "\(failing.text)")

        try await fleet.sqlite("ledger.db", "DELETE FROM a WHERE x > 100")
        #expect(try await backUp("ledger").status == 0)
        #expect(try await backUp("ledger").status == 0)
        let all = try await backups(of: "ledger")
        #expect(all.count == 3 && all.last?.id == first.first?.id && all.allSatisfy { $0.state == .good })
        let shrunk = try #require(try await fleet.alerts().first { $0.kind == "shrunk" })
        #expect(shrunk.severity == "critical" && shrunk.detail.contains("101 rows instead of 501"), "\(shrunk.detail)")
        let check = try await fleet.run("check")
        #expect(check.status == 2 && check.text.contains("ledger on db-01 has shrunk"), "\(check.text)")

        // All are over their time; the newest stays, and the one from before the loss.
        agent.kill()
        try clock.set(ahead: 2 * 3600)
        try agent.start()
        try await fleet.isOnline("db-01")
        let plan = try await fleet.list(CleanupView.self, "cleanup", "--dry-run")
        #expect(plan.suspended == nil)
        let fates = Dictionary(uniqueKeysWithValues: plan.items.map { ($0.backup, $0) })
        #expect(all.map { fates[$0.id]?.delete } == [false, true, false])
        #expect(fates[all[2].id]?.reason.contains("alert ack") == true)
        let cleaned = try await fleet.run("cleanup", "--force")
        #expect(cleaned.status == 0, "\(cleaned.text) \(cleaned.error)")
        // The host deletes them when it has heard of it.
        try await eventually("the one in between is gone") {
            try await backups(of: "ledger").map(\.id) == [all[0].id, all[2].id] ? true : nil
        }

        try await fleet.holdfast("alert", "ack", "\(shrunk.id)")
        #expect(try await fleet.alerts().contains { $0.kind == "shrunk" } == false)
        #expect(try await fleet.run("cleanup", "--force").status == 0)
        try await eventually("what was held is gone") {
            try await backups(of: "ledger").map(\.id) == [all[0].id] ? true : nil
        }
        #expect(try await fleet.database("shop")?.lastGoodBackup == whole.first?.id)
    }
}
