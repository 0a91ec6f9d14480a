import Archive
import Domain
import Engines
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("A PostgreSQL database comes back the same", .timeLimit(.minutes(6)))
struct PostgresRoundTripTests {
    @Test("with all common types, names and objects, plain and custom", arguments: [ObjectFormat.plain, .custom])
    func sampleDatabase(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "sample_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(SampleDatabase.sql, database: name)
        let engine = try cluster.engine(name, format: format)

        let examination = try await engine.examine()
        #expect(examination.tool.hasPrefix("pg_dump \(PostgresFactsText.major)"))
        #expect(try #require(examination.sizeBytes) > 1_000_000)
        let dump = try await cluster.backup(engine)
        let inspection = try dump.inspection()
        #expect(inspection.tables.count >= SampleDatabase.minimumTables)
        #expect(inspection.tables.contains { $0.name == "public.readings" && $0.rows == 20_000 })

        let outcome = try await engine.restore(request(dump, format))
        #expect(outcome.target == "\(name)_restored_20260115_020000")
        #expect(outcome.keptBeside == nil)
        #expect(outcome.checked.hasPrefix("\(inspection.tables.count) tables, "))
        let (before, after) = try await (cluster.dump(name), cluster.dump(outcome.target))
        #expect(before == after)
        #expect(before.utf8.count > 1_000_000)
    }

    @Test("and the inspector finds the same tables in the plain and in the custom dump")
    func sameFingerprint() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE fingerprints")
        try await cluster.sql(SampleDatabase.sql, database: "fingerprints")
        let plain = try await cluster.backup(cluster.engine("fingerprints")).inspection()
        let custom = try await cluster.backup(cluster.engine("fingerprints", format: .custom)).inspection()
        #expect(plain.tables == custom.tables)
    }

    @Test(
        "whatever it is called",
        arguments: [
            "a b", "a'b", "a\"b", "$(id)", ";rm -rf x", "../x", "dbname=x host=evil", "-x", "postgresql://evil/",
            "a\\b",
            "two\nlines", "-é" + String(repeating: "ü", count: 30),
        ], [ObjectFormat.plain, .custom])
    func hostileName(name: String, format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        // Both formats run at once, so each has its own database: one byte more, but never beyond the longest name.
        let name = format == .custom ? String(name.dropLast()) + "c" : name
        let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
        try await cluster.sql("CREATE DATABASE \(quoted)")
        try await cluster.sql("CREATE TABLE t (x text); INSERT INTO t VALUES ('here')", database: name)
        let engine = try cluster.engine(name, format: format)
        let dump = try await cluster.backup(engine)
        #expect(try dump.inspection().tables.map(\.name) == ["public.t"])
        let second = format == .plain ? 0.0 : 1
        let outcome = try await engine.restore(request(dump, format, at: 1_768_442_400 + second))
        #expect(outcome.target.hasSuffix(format == .plain ? "_restored_20260115_020000" : "_restored_20260115_020001"))
        #expect(outcome.target.utf8.count <= 63)
        #expect(try await cluster.sql("SELECT x FROM t", database: outcome.target) == "here\n")
        // Only the beginning of a longest name is kept; the others stand whole in it.
        #expect(outcome.target.hasPrefix(name.prefix(8)))
    }

    @Test("with encoding, locale and owner of the source")
    func properties() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE ROLE keeper")
        try await cluster.sql(
            "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0 OWNER keeper")
        try await cluster.sql("CREATE TABLE t AS SELECT 'größe' AS x", database: "latin")
        let engine = try cluster.engine("latin")
        let outcome = try await engine.restore(request(try await cluster.backup(engine), .plain))
        let facts = try await cluster.sql(
            """
            SELECT pg_encoding_to_char(encoding), datcollate, pg_get_userbyid(datdba) FROM pg_database
            WHERE datname = '\(outcome.target)'
            """)
        #expect(facts == "LATIN1|C|keeper\n")
        #expect(try await cluster.sql("SELECT x FROM t", database: outcome.target) == "größe\n")
    }

    @Test("with its roles, on a server that has none of them")
    func globals() async throws {
        let (cluster, empty) = (try SharedCluster.get(), try PostgresCluster())
        try await cluster.sql("CREATE ROLE \"Rolle ü\" LOGIN PASSWORD 'x'; CREATE DATABASE owned OWNER \"Rolle ü\"")
        try await cluster.sql("CREATE TABLE t (i int); ALTER TABLE t OWNER TO \"Rolle ü\"", database: "owned")
        let streams = try await cluster.engine("owned").streams()
        #expect(streams.map(\.role) == [.globals, .database, .dump])
        let roles = try await write(streams[0])
        _ = try roles.inspection()
        let dump = try await write(streams[2])
        let there = try empty.engine("owned")
        // Without its roles all else is there, and what is not is named.
        let without = try await there.restore(request(dump, .plain, at: 1_768_442_300))
        #expect(without.failures.count == 1 && without.failures[0].contains("does not exist"), "\(without.failures)")
        #expect(try await empty.sql("SELECT count(*) FROM t", database: without.target) == "0\n")
        let outcome = try await there.restore(request(dump, .plain, globals: roles))
        #expect(
            outcome.checked.contains("roles and tablespaces loaded; 1 role there already, left as they are"))
        #expect(try await empty.dump(outcome.target) == cluster.dump("owned"))
        #expect(
            try await empty.sql("SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'Rolle ü'") == "t\n")
    }

    @Test(
        "by a role that may see no database but its own, whatever that is called",
        arguments: ["own", "o'w n\\ dbname=postgres"])
    func limitedRole(name: String) async throws {
        let cluster = try PostgresCluster()
        try await cluster.sql("CREATE ROLE app LOGIN PASSWORD 'pw'")
        try await cluster.sql("CREATE DATABASE \"\(name)\" OWNER app")
        try await cluster.sql("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        let engine = try PostgresEngine(
            name: DatabaseName(name),
            connection: PostgresConnection(parsing: cluster.url(database: name, user: "app", password: "pw")))
        _ = try await engine.examine()
        let streams = try await engine.streams()
        for stream in streams { _ = try await write(stream).inspection() }
        #expect(streams.map(\.role) == [.globals, .database, .dump])
    }

    @Test("beside memberships that are there already, which the server only remarks on")
    func globalsThatAreThere() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql(
            "CREATE ROLE crew; CREATE ROLE sailor; GRANT crew TO sailor; CREATE DATABASE ship OWNER sailor")
        let streams = try await cluster.engine("ship").streams()
        let roles = try await write(streams[0])
        #expect(roles.text.contains("GRANT crew TO sailor"))
        let dump = try await write(streams[2])
        let outcome = try await cluster.engine("ship").restore(request(dump, .plain, globals: roles))
        #expect(outcome.checked.contains("roles and tablespaces loaded"))
        let broken = Written(
            bytes: Array("ALTER ROLE nobody_here LOGIN;\n-- PostgreSQL database cluster dump complete\n".utf8),
            inspected: roles.inspected)
        let error = await failure {
            _ = try await cluster.engine("ship").restore(request(dump, .plain, target: "ship2", globals: broken))
        }
        #expect(error?.message.contains("42704") == true)
        #expect(try await !cluster.databases().contains("ship2"))
    }

    @Test("but roles that are there already keep their passwords, rights and memberships")
    func globalsLeaveRolesAlone() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql(
            """
            CREATE ROLE rulers; CREATE ROLE "the Clerk" LOGIN CREATEDB PASSWORD 'old'; GRANT rulers TO "the Clerk";
            COMMENT ON ROLE "the Clerk" IS E'before;\\nALTER ROLE "the Clerk" SUPERUSER;\\n--';
            ALTER ROLE "the Clerk" SET application_name = E'it''s\\nALTER ROLE "the Clerk" SUPERUSER;\\n-- \\\\';
            CREATE ROLE "new\none" NOLOGIN; COMMENT ON ROLE "new\none" IS E'x;\\ny'; CREATE DATABASE office OWNER "the Clerk"
            """)
        let streams = try await cluster.engine("office").streams()
        let roles = try await write(streams[0])
        let dump = try await write(streams[2])
        try await cluster.sql(
            """
            ALTER ROLE "the Clerk" NOLOGIN NOCREATEDB PASSWORD 'new'; REVOKE rulers FROM "the Clerk";
            COMMENT ON ROLE "the Clerk" IS 'now'; DROP ROLE "new\none"
            """)
        let look = """
            SELECT r.*, a.rolpassword, shobj_description(r.oid, 'pg_authid'), pg_has_role(r.oid, 'rulers', 'MEMBER')
            FROM pg_roles r JOIN pg_authid a USING (oid) WHERE r.rolname = 'the Clerk'
            """
        let before = try await cluster.sql(look)
        let outcome = try await cluster.engine("office").restore(request(dump, .plain, globals: roles))
        #expect(try await cluster.sql(look) == before)
        #expect(before.hasSuffix("|now|f\n"), "\(before)")
        let new = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = E'new\\none'"
        #expect(try await cluster.sql(new) == "x;\ny\n")
        #expect(outcome.checked.contains("there already, left as they are"), "\(outcome.checked)")
    }

    /// In one transaction a restore would need a lock for each table and index: more than this server has room for.
    @Test("with more tables than a transaction can lock")
    func manyTables() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE wide")
        try await cluster.sql(
            "SELECT format('CREATE TABLE t%s (i int PRIMARY KEY, t text)', n) FROM generate_series(1, 2500) n \\gexec",
            database: "wide")
        let engine = try cluster.engine("wide")
        let outcome = try await engine.restore(request(try await cluster.backup(engine), .plain))
        #expect(outcome.checked.hasPrefix("2500 tables, "))
    }

    @Test(
        "into the database that is meant and no other, whatever a service file says",
        arguments: [
            ObjectFormat.plain, .custom,
        ])
    func serviceFile(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "served_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS x", database: name)
        let dump = try await cluster.backup(cluster.engine(name, format: format))
        // The day a restore is needed: the tables are gone.
        try await cluster.sql("DROP TABLE t", database: name)
        let folder = try Folder()
        try Data("[prod]\nhost=\(cluster.folder)\nport=\(cluster.port)\nuser=postgres\ndbname=\(name)\n".utf8)
            .write(to: folder.url.appending(path: ".pg_service.conf"))
        let home = ProcessInfo.processInfo.environment["HOME"]
        setenv("HOME", folder.path, 1)
        defer { if let home { setenv("HOME", home, 1) } else { unsetenv("HOME") } }
        let engine = try PostgresEngine(
            name: DatabaseName(name), connection: PostgresConnection(parsing: "service=prod"), format: format)
        let error = try #require(await failure { _ = try await engine.restore(request(dump, format)) })
        #expect(error.message.contains("service file"), "\(error)")
        #expect(try await cluster.sql("SELECT count(*) FROM pg_class WHERE relname = 't'", database: name) == "0\n")
    }

    @Test("without passwords of roles when those may not be read, and says so")
    func globalsWithoutPasswords() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE ROLE modest LOGIN PASSWORD 'pw'; CREATE DATABASE modest OWNER modest")
        let connection = try PostgresConnection(
            parsing: cluster.url(database: "modest", user: "modest", password: "pw"))
        let engine = try PostgresEngine(name: DatabaseName("modest"), connection: connection)
        #expect(try await engine.examine().tool.hasSuffix("; globals without the roles' passwords"))
        let globals = try await write(engine.streams()[0])
        _ = try globals.inspection()
        #expect(globals.text.contains("CREATE ROLE modest"))
        #expect(!globals.text.contains("SCRAM-SHA-256"))
    }
}

enum PostgresFactsText {
    /// The newest installed server's, as the tests use it.
    static var major: String {
        PostgresCluster.installed.last?.split(separator: "/").dropLast().last.map(String.init) ?? ""
    }
}
