import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A dump that the server ends while its upload is under way (P1; faults 29, 30).
@Suite(.timeLimit(.minutes(10))) struct InterruptedDumpTests {
    @Test func aTerminatedBackendFailsTheRunInTheServersWords() async throws {
        let host = try await DumpFleet(bandwidth: "1MB")
        defer { host.stop() }
        try await host.makeDatabase("shop")
        let agent = try await host.start(["{ name: shop, url: \"\(host.cluster.socketURL(database: "shop"))\" }"])
        defer { agent.kill() }
        async let output = host.fleet.run("backup", "create", "--wait")
        try await host.isInMidDump()
        #expect(try RegularFiles.below(host.fleet.local).contains { $0.hasSuffix(".partial") })
        try await host.cluster.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'holdfast' AND datname = 'shop'
            """)
        let said = try await output
        #expect(said.status == 1)
        #expect(try await host.fleet.runStates() == ["failed"])
        let words = try #require(said.error.split(separator: "\n").first { $0.contains("shop on db-01 failed: ") })
        #expect(words.contains("pg_dump of shop: exit status 1: "))
        #expect(
            words.contains("server closed the connection unexpectedly") || words.contains("terminating connection"),
            "\(words)")
        try await host.expectNothingIsStored()
        #expect(try await host.sessions() == "0\n")
    }

    /// A table can go only before pg_dump has locked it, and then no row is out yet; but the roles are, and long words
    /// about one of them make their upload one in parts, which is under way by then.
    @Test func aTableThatIsDroppedMeanwhileFailsTheRunInTheServersWords() async throws {
        let host = try await DumpFleet()
        defer { host.stop() }
        try await host.makeDatabase("shop")
        try await host.cluster.sql(
            """
            DO $$ BEGIN EXECUTE format('COMMENT ON ROLE postgres IS %L',
              (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 400000))); END $$
            """)
        let agent = try await host.start(["{ name: shop, url: \"\(host.cluster.socketURL(database: "shop"))\" }"])
        defer { agent.kill() }
        async let dropping = host.cluster.sql(
            """
            BEGIN; DROP TABLE b;
            DO $$ BEGIN
              WHILE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'go') LOOP PERFORM pg_sleep(0.01); END LOOP;
            END $$;
            COMMIT;
            """, database: "shop")
        try await eventually("the table is about to go") {
            let locks =
                "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'b'::regclass"
            return try await host.cluster.sql(locks, database: "shop") == "1\n" ? true : nil
        }
        async let output = host.fleet.run("backup", "create", "--wait")
        try await eventually("pg_dump waits for the table") {
            try await host.cluster.sql("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1\n" ? true : nil
        }
        try await eventually("an upload is under way") { try await host.s3.uploads() == 1 ? true : nil }
        try await host.cluster.sql("CREATE ROLE go")
        _ = try await dropping
        let said = try await output
        #expect(said.status == 1)
        #expect(try await host.fleet.runStates() == ["failed"])
        #expect(said.error.contains(#"relation "public.b" does not exist"#), "\(said.error)")
        try await host.expectNothingIsStored()
    }
}
