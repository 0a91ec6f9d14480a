import Archive
import Domain
import Engines
import Foundation
import Glibc
import TestSupport
import Testing
import Threads

@Suite("A PostgreSQL backup that cannot be whole", .timeLimit(.minutes(6)))
struct PostgresFailureTests {
    /// A database whose dump is large enough to be stopped in its middle.
    private func bigDatabase(_ name: String) async throws -> PostgresCluster {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TABLE a AS SELECT n, repeat(md5(n::text), 8) AS t FROM generate_series(1, 100000) n;
            CREATE TABLE b AS SELECT 1 AS x;
            """, database: name)
        return cluster
    }

    @Test("fails when its backend is terminated after half of the output, in the server's words")
    func terminated() async throws {
        let cluster = try await bigDatabase("terminated")
        let stream = try await cluster.engine("terminated").streams()[2]
        let gate = Promise<Bool>()
        async let killing: Void = onThread {
            _ = gate.take()
        }
        // The reader stops at 5 MB until the backend has been told to end.
        let goOn = Promise<Bool>()
        async let written = write(stream) { count in
            if count > 5_000_000 {
                gate.keep(true)
                _ = goOn.take()
                goOn.keep(true)
            }
        }
        await killing
        try await cluster.sql(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = 'terminated' AND application_name = 'holdfast'
            """)
        goOn.keep(true)
        let result = try await written
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .sourceUnavailable)
        #expect(error.message.contains("pg_dump"))
        #expect(error.message.contains("terminating connection") || error.message.contains("server closed"))
        #expect(throws: BackupError.self) { try result.inspected.get() }
    }

    @Test("fails when someone holds a table locked for too long")
    func lockTimeout() async throws {
        let cluster = try await bigDatabase("locked")
        async let holding = cluster.sql("BEGIN; LOCK TABLE b; SELECT pg_sleep(60)", database: "locked")
        while try await cluster.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted")
            == "0\n"
        {}
        let engine = try cluster.engine("locked", lockTimeout: .seconds(1))
        let result = try await write(engine.streams()[2])
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .sourceUnavailable)
        #expect(error.message.contains("canceling statement"))
        try await cluster.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = 'locked' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()
            """)
        _ = try? await holding
    }

    @Test("fails when a table is dropped before its rows are read")
    func droppedTable() async throws {
        let cluster = try await bigDatabase("dropped")
        let stream = try await cluster.engine("dropped").streams()[2]
        // pg_dump has seen the table in its list and waits for its lock when the drop is committed.
        async let dropping = cluster.sql(
            """
            BEGIN; DROP TABLE b;
            DO $$ BEGIN
              WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND database =
                                (SELECT oid FROM pg_database WHERE datname = 'dropped')) LOOP PERFORM pg_sleep(0.01);
              END LOOP;
            END $$;
            COMMIT;
            """, database: "dropped")
        while try await cluster.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'dropped' AND query LIKE '%pg_locks%'") == "0\n"
        {}
        let result = try await write(stream)
        _ = try await dropping
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .sourceUnavailable)
        #expect(error.message.contains("relation \"public.b\" does not exist"))
    }

    @Test("is refused when its database is gone")
    func droppedDatabase() async throws {
        let cluster = try await bigDatabase("gone")
        let stream = try await cluster.engine("gone").streams()[2]
        try await cluster.sql("DROP DATABASE gone")
        let error = try #require(try await write(stream).failure as? BackupError)
        #expect(error.code == .sourceRefused)
        #expect(error.message.contains("\"gone\" does not exist"))
    }

    @Test("is refused with the server's words for a wrong password and an unknown database")
    func refused() async throws {
        let cluster = try SharedCluster.get()
        let wrong = try PostgresEngine(
            name: DatabaseName("postgres"),
            connection: PostgresConnection(parsing: cluster.url(database: "postgres", password: "CANARY-wrong")))
        let error = try #require(await failure { _ = try await wrong.examine() })
        #expect(error.code == .sourceRefused)
        #expect(error.message.hasPrefix("password authentication failed for user \"postgres\" (asking "), "\(error)")
        #expect(!error.message.contains("/proc/"), "\(error)")
        #expect(!"\(error)".contains("CANARY"))
        let unknown = try #require(await failure { _ = try await cluster.engine("nowhere").examine() })
        #expect(unknown.code == .sourceRefused)
        #expect(unknown.message.contains("\"nowhere\" does not exist"))
    }

    @Test("is worth another try when the server is away")
    func away() async throws {
        let engine = try PostgresEngine(
            name: DatabaseName("x"), connection: PostgresConnection(parsing: "postgresql://u:p@127.0.0.1:1/x"))
        let error = try #require(await failure { _ = try await engine.examine() })
        #expect(error.code == .sourceUnavailable)
        #expect(error.message.contains("Connection refused"))
    }

    @Test("is refused before it begins when the role may not read a table, naming the table")
    func noRights() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE ROLE reader LOGIN PASSWORD 'pw'; CREATE DATABASE secretive")
        try await cluster.sql("CREATE TABLE \"hidden T\" (i int)", database: "secretive")
        let connection = try PostgresConnection(
            parsing: cluster.url(database: "secretive", user: "reader", password: "pw"))
        let engine = try PostgresEngine(name: DatabaseName("secretive"), connection: connection)
        let error = try #require(await failure { _ = try await engine.examine() })
        #expect(error.code == .sourceRefused)
        #expect(error.message.contains("\"hidden T\""))
        let dump = try await write(engine.streams()[2])
        #expect((dump.failure as? BackupError)?.code == .sourceRefused)
        // What may be read may not be restored by the same role: that is said before the day.
        try await cluster.sql("GRANT pg_read_all_data TO reader")
        let now = Date(timeIntervalSince1970: 1_768_442_400)
        let limited = try await engine.rehearse(isReadOnly: false, now: now, stop: StopSignal())
        #expect(limited.failure?.contains("CREATEDB") == true && limited.obstacles == [], "\(limited)")
        let whole = try await cluster.engine("secretive").rehearse(isReadOnly: false, now: now, stop: StopSignal())
        #expect(whole == Rehearsal())
    }

    // MARK: tools

    /// A folder with the real tools and a fake `pg_dump`.
    private func fakeTools(_ script: String?) throws -> Folder {
        let folder = try Folder()
        guard let real = PostgresCluster.installed.last else { throw ServerFailure("no PostgreSQL") }
        for tool in ["psql", "pg_dumpall", "pg_restore"] { symlink("\(real)/\(tool)", "\(folder.path)/\(tool)") }
        if let script { try folder.script("pg_dump", script) }
        return folder
    }

    @Test("is refused without pg_dump, and with one that is older than the server, saying what to install")
    func tools() async throws {
        let cluster = try SharedCluster.get()
        let without = try fakeTools(nil)
        let missing = try #require(
            await failure { _ = try await cluster.engine("postgres", bin: without.path).examine() })
        #expect(missing.code == .sourceRefused)
        #expect(missing.message.contains("install the package postgresql-client-\(PostgresFactsText.major)"))
        let old = try fakeTools("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        let tooOld = try #require(await failure { _ = try await cluster.engine("postgres", bin: old.path).examine() })
        #expect(tooOld.code == .sourceRefused)
        #expect(tooOld.message.contains("pg_dump 9.6.24 is older than the server"))
    }

    private static let fakeVersion =
        "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit 0; }\n"

    @Test(
        "is not complete for its inspector when pg_dump exits 0 after an empty or cut dump",
        arguments: [
            "exit 0", "echo '-- PostgreSQL database dump'; exit 0",
            "printf 'CREATE TABLE t (i int);\\nCOPY public.t (i) FROM stdin;\\n1\\n2\\n'; exit 0",
        ], [ObjectFormat.plain, .custom])
    func cutDump(body: String, format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let tools = try fakeTools(Self.fakeVersion + body)
        let result = try await write(cluster.engine("postgres", format: format, bin: tools.path).streams()[2])
        #expect(result.failure == nil)
        let error = #expect(throws: BackupError.self) { try result.inspected.get() }
        #expect(error?.code == .integrity)
    }

    @Test("is not complete when a custom dump is cut anywhere")
    func cutCustom() async throws {
        let cluster = try await bigDatabase("cutcustom")
        let stream = try await cluster.engine("cutcustom", format: .custom).streams()[2]
        let whole = try await write(stream)
        #expect(try whole.inspection().tables.map(\.rows) == [100_000, 1])
        for keep in [5, 3_000, whole.bytes.count / 2, whole.bytes.count - 1] {
            let inspector = try stream.makeInspector()
            whole.bytes[..<keep].withUnsafeBytes { inspector.consume($0) }
            let error = #expect(throws: BackupError.self) { try inspector.finish() }
            #expect(error?.code == .integrity, "cut at \(keep)")
        }
    }

    @Test("says the exit status and hides the password that a tool prints")
    func redaction() async throws {
        let cluster = try SharedCluster.get()
        let tools = try fakeTools(
            Self.fakeVersion + "echo \"bad things: \(cluster.password) and more\" >&2; echo half; exit 3")
        let error = try #require(
            try await write(cluster.engine("postgres", bin: tools.path).streams()[2]).failure as? BackupError)
        #expect(error.message.contains("exit status 3: bad things: [hidden] and more"))
    }
}
