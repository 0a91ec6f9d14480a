import Domain
import Foundation
import TestSupport
import Testing
import Threads

@testable import Engines

/// What doctor does with a database: a backup and a restore of everything but the data.
@Suite("A rehearsal", .timeLimit(.minutes(5)))
struct RehearsalTests {
    private let now = Date(timeIntervalSince1970: 1_768_442_400)

    private func rehearse(_ engine: any Engine, isReadOnly: Bool = false) async throws -> Rehearsal {
        try await engine.rehearse(isReadOnly: isReadOnly, now: now, stop: StopSignal())
    }

    private func everything(_ cluster: PostgresCluster) async throws -> String {
        try await cluster.sql("SELECT datname FROM pg_database ORDER BY 1; SELECT rolname FROM pg_roles ORDER BY 1")
    }

    @Test(
        "finds what a restore would lack, by whatever an extension is bound, and leaves nothing, also where something is subscribed to",
        arguments: [ObjectFormat.plain, .custom])
    func bound(format: ObjectFormat) async throws {
        let cluster = try PostgresCluster(settings: [
            "shared_preload_libraries=pg_cron", "cron.database_name=app", "wal_level=logical",
        ])
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE app")
        try await cluster.sql(
            """
            CREATE EXTENSION pg_cron; CREATE TABLE t AS SELECT 1 AS a;
            CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p
              WITH (connect = false, slot_name = 'of_another');
            """, database: "app")
        let before = try await everything(cluster)
        let found = try await rehearse(cluster.engine("app", format: format))
        #expect(found.notes == [])
        #expect(found.obstacles.contains { $0.contains("pg_cron") && $0.contains("--into-original-name") }, "\(found)")
        #expect(try await everything(cluster) == before)
        #expect(try await cluster.sql("SELECT count(*) FROM pg_subscription") == "1\n")
        // Who asks for less makes nothing.
        var nothing = Rehearsal()
        nothing.unrehearsed = "--read-only"
        #expect(try await rehearse(cluster.engine("app", format: format), isReadOnly: true) == nothing)
        // What others left is told.
        try await cluster.sql("CREATE DATABASE app_rehearsed_20260101_000000; CREATE ROLE holdfast_load_0123456789ab")
        let later = try await rehearse(cluster.engine("app", format: format)).leftOver
        #expect(
            later == ["the database \"app_rehearsed_20260101_000000\"", "the role holdfast_load_0123456789ab"],
            "\(later)")
    }

    @Test(
        "finds a materialized view that a restore cannot fill, and none that wants rows only",
        arguments: [ObjectFormat.plain, .custom])
    func materializedViews(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "filled_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TABLE t AS SELECT 1 AS a;
            CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT sum(a) FROM t); END';
            CREATE MATERIALIZED VIEW "The total" AS SELECT total() AS x;
            CREATE MATERIALIZED VIEW good AS SELECT 1 / count(*) AS x FROM t;
            CREATE MATERIALIZED VIEW above AS SELECT a FROM t;
            """, database: name)
        let found = try await rehearse(cluster.engine(name, format: format))
        #expect(found.notes == [])
        #expect(found.obstacles.count == 1, "\(found)")
        #expect(
            found.obstacles.allSatisfy {
                $0.contains("REFRESH MATERIALIZED VIEW public.\"The total\"") && $0.contains("without its schema")
            }, "\(found)")
    }

    @Test("finds that no role made for a restore may log in, and what pg_dump leaves out for want of rights")
    func rights() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql(
            "CREATE ROLE taker LOGIN CREATEDB PASSWORD 'pw'; GRANT pg_read_all_data TO taker; CREATE DATABASE app")
        try await cluster.sql(
            "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
            database: "app")
        let taker = try PostgresEngine(
            name: DatabaseName("app"),
            connection: PostgresConnection(parsing: cluster.url(database: "app", user: "taker", password: "pw")))
        #expect(try await rehearse(taker).notes.contains { $0.contains("subscriptions not dumped") })
        // The same is kept with each backup.
        let stream = try await taker.streams()[2]
        _ = try await write(stream).inspection()
        #expect(stream.laterNotes().contains { $0.contains("subscriptions not dumped") })
        // Passwords for the superuser's way only.
        try await cluster.sql("COPY (SELECT 'local all all peer') TO '\(cluster.folder)/data/pg_hba.conf'")
        let hba = cluster.folder + "/data/pg_hba.conf"
        try "local all postgres trust\nlocal app all trust\n".write(toFile: hba, atomically: false, encoding: .utf8)
        try await cluster.sql("SELECT pg_reload_conf()")
        let engine = try PostgresEngine(
            name: DatabaseName("app"), connection: PostgresConnection(parsing: cluster.socketURL(database: "app")))
        try await eventually("the rules are read") {
            try await rehearse(engine).failure?.contains("pg_hba.conf") == true ? true : nil
        }
        // And a role that is let into its own database alone.
        let text = cluster.socketURL(database: "app").replacing("user=postgres", with: "user=taker")
        let limited = try PostgresEngine(
            name: DatabaseName("app"), connection: PostgresConnection(parsing: text))
        let found = try await rehearse(limited)
        #expect(found.failure?.contains("pg_hba.conf") == true, "\(found)")
        #expect(found.leftOver == [])
    }

    @Test("that is stopped on its way leaves neither a database nor a role")
    func stopped() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE endless")
        try await cluster.sql(
            "DO $$ BEGIN FOR i IN 1..1500 LOOP EXECUTE format('CREATE TABLE t%s (a int PRIMARY KEY)', i); END LOOP; END $$",
            database: "endless")
        let before = try await everything(cluster)
        let (engine, stop, now) = (try cluster.engine("endless"), StopSignal(), now)
        async let ended = failure { _ = try await engine.rehearse(isReadOnly: false, now: now, stop: stop) }
        try await eventually("it loads") {
            try await cluster.sql("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname LIKE 'endless_rehearsed%'")
                == "t\n" ? true : nil
        }
        stop.stop()
        #expect(await ended?.code == .cancelled)
        #expect(try await everything(cluster) == before)
    }

    @Test("of a standby says so")
    func standby() async throws {
        let primary = try PostgresCluster(settings: ["wal_level=replica", "max_wal_senders=4"])
        defer { primary.stop() }
        try await primary.sql("CREATE DATABASE app")
        let copy = primary.folder + "/standby"
        try await primary.tool("pg_basebackup", ["-D", copy, "-R", "-X", "stream", "-c", "fast"])
        let port = try FreePort.take()
        let log = URL(filePath: primary.folder + "/standby.log")
        let server = try ServerProcess(
            program: "/bin/sh",
            [
                "-c",
                """
                chown -R postgres "$DIR"; cd /
                setpriv --pdeathsig QUIT --reuid=postgres --regid=postgres --init-groups -- "$BIN/postgres" -D "$DIR" -p "$PORT" \
                    -k "$SOCKET" </dev/null >&2 &
                until "$BIN/pg_isready" -q -h "$SOCKET" -p "$PORT"; do kill -0 $!; sleep 0.05; done
                echo "port $PORT"; cat >/dev/null
                """,
            ],
            environment: [
                "BIN": primary.binDirectory, "DIR": copy, "PORT": String(port), "SOCKET": primary.folder,
                "LC_ALL": "C.UTF-8",
            ], log: log)
        defer { server.stop() }
        let engine = try PostgresEngine(
            name: DatabaseName("app"),
            connection: PostgresConnection(
                parsing: primary.socketURL(database: "app").replacing("port=\(primary.port)", with: "port=\(port)")))
        let found = try await rehearse(engine)
        #expect(found.unrehearsed?.contains("standby") == true && found.failure == nil, "\(found)")
    }

    @Test("a role from which rows or large objects are hidden is refused before a dump fails at them")
    func hidden() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql(
            "CREATE ROLE veiled LOGIN PASSWORD 'pw'; GRANT pg_read_all_data TO veiled; CREATE DATABASE veils")
        try await cluster.sql(
            "CREATE TABLE \"some T\" (i int); ALTER TABLE \"some T\" ENABLE ROW LEVEL SECURITY", database: "veils")
        let engine = try PostgresEngine(
            name: DatabaseName("veils"),
            connection: PostgresConnection(parsing: cluster.url(database: "veils", user: "veiled", password: "pw")))
        let rows = try #require(await failure { _ = try await engine.examine() })
        #expect(rows.code == .sourceRefused && rows.message.contains("\"some T\""), "\(rows)")
        #expect(rows.message.contains("ALTER ROLE \"veiled\" BYPASSRLS"))
        try await cluster.sql("ALTER ROLE veiled BYPASSRLS")
        _ = try await engine.examine()
        let object = try await cluster.sql("SELECT lo_from_bytea(0, 'x')", database: "veils")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        _ = try await engine.examine()
        let large = try #require(await failure { _ = try await rehearse(engine) })
        #expect(large.code == .sourceRefused && large.message.contains("large objects \(object)"), "\(large)")
        #expect(try await write(engine.streams()[2]).failure is BackupError)
        // Rows at the root of partitions alone keep pg_dump from nothing.
        try await cluster.sql(
            "CREATE TABLE root (i int) PARTITION BY LIST (i); ALTER TABLE root ENABLE ROW LEVEL SECURITY",
            database: "veils")
        try await cluster.sql("GRANT SELECT ON LARGE OBJECT \(object) TO veiled", database: "veils")
        _ = try await engine.examine()
        _ = try await write(engine.streams()[2]).inspection()
    }

    @Test("of a SQLite database copies it as a backup does, and tells of its own parts and of a narrow spool")
    func sqlite() async throws {
        let folder = try Folder()
        let path = folder.path + "/a.db"
        let sql = "CREATE TABLE t (x CHECK (mine(x))); CREATE TABLE u (y COLLATE own)"
        let made = try await ProgramOutput.of(
            "python3",
            [
                "-c",
                "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.create_function('mine',1,lambda x:1); "
                    + "c.create_collation('own',lambda a,b:0); c.executescript(sys.argv[2])", path, sql,
            ])
        #expect(made.status == 0, "\(made.error)")
        let engine = try SQLiteEngine(
            name: DatabaseName("a"), path: path, spool: URL(filePath: folder.path + "/spool"))
        let found = try await rehearse(engine)
        #expect(found.obstacles == [])
        #expect(found.notes.contains { $0.contains("the application's own") }, "\(found)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/spool") == [])
        // A spool without room for a copy.
        let narrow = folder.path + "/narrow"
        mkdir(narrow, 0o700)
        let mounted = try await ProgramOutput.of("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", narrow])
        #expect(mounted.status == 0, "\(mounted.error)")
        let big = try await ProgramOutput.of(
            "sqlite3", [folder.path + "/big.db", "CREATE TABLE b AS SELECT randomblob(2000000) x"])
        #expect(big.status == 0)
        let cramped = try SQLiteEngine(
            name: DatabaseName("b"), path: folder.path + "/big.db", spool: URL(filePath: narrow + "/spool"))
        let refused = try #require(await failure { _ = try await rehearse(cramped) })
        #expect(refused.code == .storageRefused && refused.message.contains("has 1 MiB, and only 0 MiB"), "\(refused)")
        _ = try await ProgramOutput.of("umount", [narrow])
    }

    @Test("of files tells what is not in the backup")
    func tree() async throws {
        let folder = try Folder()
        let tree = folder.path + "/tree"
        mkdir(tree, 0o755)
        try Data("x".utf8).write(to: URL(filePath: tree + "/a"))
        #expect(mknod(tree + "/null", S_IFCHR | 0o600, 0x0103) == 0)
        #expect(mknod(tree + "/socket", S_IFSOCK | 0o600, 0) == 0)
        let engine = try ApplicationEngine(
            name: DatabaseName("t"), paths: [tree], exclude: ["/nowhere/x"],
            restoreBase: URL(filePath: folder.path + "/restored"))
        let found = try await rehearse(engine)
        #expect(found.obstacles == [])
        #expect(found.notes.contains { $0.contains("/nowhere/x lies under none of the paths") }, "\(found)")
        #expect(
            Set(found.notes).isSuperset(of: [
                "not in the backup: the device file \(tree)/null", "not in the backup: the socket \(tree)/socket",
            ]), "\(found)")
    }
}
