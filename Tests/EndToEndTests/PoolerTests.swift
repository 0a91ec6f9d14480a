import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A database whose url leads to a real PgBouncer instead of its server.
@Suite(.timeLimit(.minutes(5))) struct PoolerTests {
    @Test func aPoolerIsRecognizedBeforeAnythingIsDumpedOrLoaded() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 10) n", database: "shop")
        func pooler(_ mode: String, _ options: String = "1") throws -> ServerProcess {
            try ServerProcess(script: "pgbouncer.py", [cluster.folder, "\(cluster.port)", mode, options])
        }
        let transactions = try pooler("transaction")
        let sessions = try pooler("session")
        let strict = try pooler("session", "0")
        defer { for one in [transactions, sessions, strict] { one.stop() } }
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: #"  all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [local] }"#)
        func url(_ server: ServerProcess) -> String { "postgresql://postgres@127.0.0.1:\(server.port)/shop" }
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: straight, url: "\(cluster.url(database: "shop"))" }
              - { name: pooled, url: "\(url(transactions))" }
              - { name: held, url: "\(url(sessions))" }
              - { name: strict, url: "\(url(strict))" }
            """)
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(4)

        let pooled = try await fleet.backUp(["--database", "pooled"])
        #expect(pooled.status == 1 && pooled.error.contains("is a connection pooler in transaction mode"), "\(pooled)")
        #expect(pooled.error.contains("give the server's own address and port"), "\(pooled)")
        #expect(try await fleet.backUp(["--database", "straight"]).status == 0)
        // What keeps a session together is backed up, and that is noted.
        let held = try await fleet.backUp(["--database", "held"])
        #expect(held.status == 0, "\(held)")
        let refused = try await fleet.backUp(["--database", "strict"])
        #expect(refused.status == 1 && refused.error.contains("takes no options of a session"), "\(refused)")
        let backups = try await fleet.backups()
        let ids = Dictionary(uniqueKeysWithValues: backups.map { ($0.database.rawValue, $0.id.uuidString) })
        let shown = try await fleet.holdfast("backup", "show", try #require(ids["held"]))
        #expect(shown.contains("through a connection pooler"), "\(shown)")
        #expect(try await !fleet.holdfast("backup", "show", try #require(ids["straight"])).contains("pooler"))

        // Of sessions that were looked at nothing is left for the application.
        let leak = try await ProgramOutput.of(
            "psql",
            [
                "-XAt", "-c",
                "SELECT current_setting('search_path'), coalesce(current_setting('holdfast.pooler', true), '')",
                url(transactions),
            ])
        #expect(leak.text == "\"$user\", public|\n", "\(leak)")

        let file = fleet.local.appending(
            path:
                "db-01/database-backups/\(try #require(backups.first { $0.database.rawValue == "straight" }?.objects.last).name)"
        ).path
        for server in [transactions, sessions] {
            let byHand = try await agent.run(["restore", file, "--to", "new", "--url", url(server)])
            #expect(byHand.status == 10 && byHand.error.contains("is a connection pooler, not the server"), "\(byHand)")
            // A name that the server does not have yet.
            let elsewhere = try await agent.run(
                ["restore", file, "--to", "new", "--url", url(server).replacing("/shop", with: "/none")])
            #expect(elsewhere.status == 10 && elsewhere.error.contains("connection pooler"), "\(elsewhere)")
        }
        let restored = try await fleet.run("restore", try #require(ids["held"]), "--to", "new")
        #expect(restored.status == 10 && restored.error.contains("is a connection pooler"), "\(restored)")
        #expect(
            try await cluster.sql(
                "SELECT count(*) FROM pg_database WHERE datname LIKE '%new%' OR datname LIKE '%restor%'") == "0\n")
        let examined = try await agent.run(["doctor"])
        #expect(
            examined.text.contains(
                "BAD  database pooled: postgres@127.0.0.1:\(transactions.port) is a connection pooler"), "\(examined)")
        #expect(
            examined.text.contains("NOTHING CAN BE RESTORED HERE: it is reached through a connection pooler"),
            "\(examined)")
        #expect(try await agent.run(["restore", file, "--to", "new"]).status == 0)
    }
}
