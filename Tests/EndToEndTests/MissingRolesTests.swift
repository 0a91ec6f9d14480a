import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A restore on another host, whose server lacks the roles of the backup.
@Suite(.timeLimit(.minutes(5))) struct MissingRolesTests {
    @Test func theyAreKnownBeforeTheLoadAndMadeOnRequest() async throws {
        let (home, away) = (try PostgresCluster(), try PostgresCluster())
        defer {
            home.stop()
            away.stop()
        }
        let role = "the \"keeper\"\n's"
        let quoted = "\"the \"\"keeper\"\"\n's\""
        try await home.sql("CREATE ROLE \(quoted) LOGIN PASSWORD 'secret'; CREATE ROLE idle; CREATE ROLE reader")
        try await home.sql("CREATE DATABASE shop OWNER \(quoted)")
        try await home.sql(
            """
            CREATE TABLE t AS SELECT n FROM generate_series(1, 10) n; ALTER TABLE t OWNER TO \(quoted);
            GRANT SELECT ON t TO reader;
            """, database: "shop")
        try await away.sql("CREATE DATABASE other")
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [offsite] } }
            """)
        let first = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"\(home.url(database: "shop"))\" }\n")
        let second = try await fleet.join(
            "db-02", "databases:\n  - { name: other, url: \"\(away.url(database: "other"))\" }\n")
        defer {
            first.kill()
            second.kill()
        }
        try first.start(s3.credentials("agent"))
        try second.start(s3.credentials("agent"))
        try await fleet.knows(2)
        #expect(try await fleet.backUp(["--database", "shop"]).status == 0)
        let backup = try #require(try await fleet.backups().first { $0.database.rawValue == "shop" })
        let id = backup.id.uuidString
        func databases() async throws -> String {
            try await away.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'")
        }

        // Nothing is loaded that could not be kept; whoever does not mind is told first.
        for (status, more) in [(Int32(10), ["--exit-on-error"]), (3, ["--to", "other", "--force", "--yes"])] {
            let refused = try await fleet.run(["restore", id, "--agent", "db-02"] + more, input: "")
            #expect(refused.status == status && refused.error.contains("are not on this server"), "\(refused)")
            #expect(refused.error.contains("--globals") && refused.error.contains("--create-roles"), "\(refused)")
            #expect(
                refused.error.contains("CREATE ROLE \"reader\" NOLOGIN; CREATE ROLE U&\"the \"\"keeper"), "\(refused)")
            #expect(!refused.error.contains("idle"), "what nothing belongs to is not needed: \(refused)")
        }
        #expect(try await databases() == "0\n")
        let partly = try await fleet.run("restore", id, "--agent", "db-02")
        #expect(partly.status == 1 && partly.text.contains("restored to shop_restored_"), "\(partly)")
        #expect(
            partly.text.contains("could be made: roles that things in the backup belong or are granted to"), "\(partly)"
        )

        let whole = try await fleet.run("restore", id, "--agent", "db-02", "--to", "shop", "--create-roles")
        #expect(whole.status == 0 && whole.text.contains("were made, without login and password"), "\(whole)")
        let made = try await away.sql(
            "SELECT rolname = E'the \"keeper\"\\n\\'s' OR rolname = 'reader', rolcanlogin, rolsuper, rolpassword IS NULL FROM pg_authid WHERE rolname LIKE '%keeper%' OR rolname IN ('reader', 'idle')"
        )
        #expect(made == "t|f|f|t\nt|f|f|t\n")
        let owner = "SELECT to_json(pg_get_userbyid(relowner)) FROM pg_class WHERE relname = 't'"
        let found = try await away.sql(owner, database: "shop")
        #expect(try JSON.decoder().decode(String.self, from: Data(found.utf8)) == role)

        // By hand, on a server without them.
        try await away.sql("DROP DATABASE shop")
        for database in try await away.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop%'").split(
            separator: "\n")
        {
            try await away.sql("DROP DATABASE \(database)")
        }
        try await away.sql("DROP ROLE reader; DROP ROLE \(quoted)")
        let key = try #require(try await s3.keys().first { $0.contains("/shop_") && $0.hasSuffix(".json") })
        let place = "s3://\(s3.bucket)/\(key)"
        let strict = try await second.run(
            ["restore", place, "--to", "shop", "--exit-on-error"], s3.credentials("coordinator"))
        #expect(strict.status == 10 && strict.error.contains("--create-roles"), "\(strict)")
        let byHand = try await second.run(
            ["restore", place, "--to", "shop", "--create-roles"], s3.credentials("coordinator"))
        #expect(byHand.status == 0, "\(byHand)")
        #expect(try await away.sql("SELECT count(*) FROM t", database: "shop") == "10\n")
    }
}
