import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A backup of which something cannot be made, restored by the programs as they are built (fault 155).
@Suite(.timeLimit(.minutes(10))) struct IncompleteRestoreTests {
    @Test func theRestIsThereAndTheExitStatusSaysThatSomethingIsNot() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(
            """
            CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n;
            CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(n) FROM t); END $$;
            CREATE MATERIALIZED VIEW mv AS SELECT total() AS x;
            """, database: "shop")
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] } }
            """)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"\(cluster.url(database: "shop"))\" }\n")
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let backup = try #require(try await fleet.list([BackupView].self, "backup", "list").first)
        let id = backup.id.uuidString
        let names = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'"

        let beside = try await fleet.run("restore", id, "--to", "shop_beside")
        #expect(beside.status == 1, "\(beside)")
        #expect(
            beside.text.contains("REFRESH MATERIALIZED VIEW public.mv") && beside.text.contains("without its schema"))
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "shop_beside") == "100\n")
        #expect(try await fleet.run("restore", id, "--to", "shop_strict", "--exit-on-error").status == 10)
        #expect(try await fleet.run("restore", id, "--into-original-name").status == 4)
        #expect(try await fleet.run("restore", id, "--into-original-name", "--to", "x").status == 2)
        #expect(try await cluster.sql(names) == "2\n")
        // Replacing demands that nothing lacks, or to be told twice.
        try await cluster.sql("INSERT INTO t VALUES (-1)", database: "shop")
        let refused = try await fleet.run("restore", id, "--to", "shop", "--force", "--yes")
        #expect(refused.status == 3 && refused.error.contains("nothing was replaced"), "\(refused)")
        #expect(try await cluster.sql("SELECT min(n) FROM t", database: "shop") == "-1\n")
        let forced = try await fleet.run("restore", id, "--to", "shop", "--force", "--force", "--yes")
        #expect(forced.status == 1, "\(forced)")
        #expect(try await cluster.sql("SELECT min(n) FROM t", database: "shop") == "1\n")
        let original = try await fleet.run("restore", id, "--into-original-name", "--force", "--force", "--yes")
        #expect(original.status == 1 && original.text.contains("restored to shop;"), "\(original)")

        // Without the coordinator.
        let file = fleet.local.appending(path: "db-01/database-backups/\(try #require(backup.objects.last).name)").path
        let byHand = try await agent.run(["restore", file, "--to", "shop_by_hand"])
        #expect(
            byHand.status == 1 && byHand.error.contains("NOT made: REFRESH MATERIALIZED VIEW public.mv"), "\(byHand)")
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: "shop_by_hand") == "100\n")
        #expect(try await agent.run(["restore", file, "--to", "shop_none", "--exit-on-error"]).status == 10)
        #expect(try await agent.run(["restore", file, "--into-original-name"]).status == 4)
        let again = try await agent.run(["restore", file, "--into-original-name", "--force", "--force", "--yes"])
        #expect(again.status == 1 && again.text == "shop\n", "\(again)")
    }
}
