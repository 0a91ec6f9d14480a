import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// A stored dump, its owner, or who can write to the bucket may be hostile (faults 45, 142, 143): whatever it holds, nothing
/// of it runs with a superuser's rights, or as a program, where it is restored by a superuser.
@Suite("A hostile dump", .timeLimit(.minutes(6)))
struct HostileDumpTests {
    private let cluster: PostgresCluster
    /// Would be made by the server's user.
    private var mark: String { cluster.folder + "/pwned" }

    init() throws { cluster = try SharedCluster.get() }

    private func isClean() -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cluster.folder)) ?? []
        let ours = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        return !(names + ours).contains { $0.hasPrefix("pwned") }
    }

    private func loadRoles() async throws -> String {
        try await cluster.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'holdfast_load_%'")
    }

    /// A backup of a small database, with this put in before its end.
    private func hostile(_ name: String, _ body: String) async throws -> (PostgresEngine, Written) {
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 10) n", database: name)
        let engine = try cluster.engine(name)
        var dump = try await cluster.backup(engine)
        let end = "--\n-- PostgreSQL database dump complete"
        dump.bytes = Array(dump.text.replacing(end, with: body + "\n\n" + end).utf8)
        return (engine, dump)
    }

    /// With a psql of before it knew \restrict, as far as it says.
    private func oldTools() throws -> Folder {
        let old = try Folder()
        for tool in ["pg_dump", "pg_dumpall", "pg_restore"] {
            try old.script(tool, "#!/bin/sh\nexec \(cluster.binDirectory)/\(tool) \"$@\"\n")
        }
        let version = "[ \"$1\" = --version ] && echo 'psql (PostgreSQL) 15.10' && exit"
        try old.script("psql", "#!/bin/sh\n\(version)\nexec \(cluster.binDirectory)/psql \"$@\"\n")
        return old
    }

    @Test(
        arguments: [
            "\\! touch /tmp/pwned", "SELECT 1 \\! touch /tmp/pwned", "SELECT 1 \\g |touch /tmp/pwned",
        ], [true, false])
    func commandsOfPsqlStopIt(line: String, knowsRestrict: Bool) async throws {
        let name = "meta_\(UInt32.random(in: 0...UInt32.max))"
        let (engine, dump) = try await hostile(name, line)
        let old = try oldTools()
        let using = knowsRestrict ? engine : try cluster.engine(name, bin: old.path)
        let before = try await cluster.databases()
        let error = try #require(await failure { _ = try await using.restore(request(dump, .plain)) })
        #expect(error.code == .integrity && error.message.contains("could run programs"), "\(error.message)")
        #expect(try await cluster.databases() == before)
        #expect(try await loadRoles() == "")
        #expect(isClean())
        let (_, sound) = try await hostile(name + "x", "SELECT 1;")
        _ = try await using.restore(request(sound, .plain, target: name + "_sound"))
    }

    /// psql reads text as the session is set, and a dump can set that: what we take for strings and names may then end before their
    /// end, and be followed by a command. Rows are asked for in the dump's own words.
    @Test(
        arguments: [RestoreOrigin.own, .foreign, .trusted],
        [
            #"SELECT set_config('standard_conforming_strings', 'off', false);"#,
            "SET standard_conforming_strings = off;",
        ])
    func whatPsqlReadsOtherwiseRunsNothing(origin: RestoreOrigin, setting: String) async throws {
        let name = "read_\(UInt32.random(in: 0...UInt32.max))"
        let (engine, dump) = try await hostile(
            name,
            """
            \(setting)
            COPY public.t ('x\\'' \\! touch /tmp/pwned_read #') FROM stdin;
            1
            \\.

            COPY public."x\\'' \\! touch /tmp/pwned_name #" FROM stdin;
            1
            \\.

            """)
        // Refused, or told of: but run is nothing of it.
        _ = await failure {
            _ = try await engine.restore(request(dump, .plain, target: name + "_new", origin: origin))
        }
        #expect(isClean())
        if origin == .foreign {
            let old = try oldTools()
            let using = try cluster.engine(name, bin: old.path)
            let refused = await failure {
                _ = try await using.restore(request(dump, .plain, target: name + "_old", origin: origin))
            }
            #expect(refused?.message.contains("too old") == true && isClean())
        }
        #expect(try await loadRoles() == "")
    }

    /// In these a quote can be the second half of a letter; no database is in one.
    @Test(arguments: ["SJIS", "BIG5", "GBK", "UHC", "JOHAB", "GB18030", "SHIFT_JIS_2004", "sjis", "mskanji"])
    func encodingsInWhichAQuoteIsHalfALetterAreRefused(_ encoding: String) async throws {
        let name = "half_\(UInt32.random(in: 0...UInt32.max))"
        var (engine, dump) = try await hostile(name, "SET client_encoding = '\(encoding)';\n@")
        let statement = #"ALTER TABLE public."x"#
        let evil =
            Array(statement.utf8) + [0x83]
            + Array(#"""; ALTER ROLE postgres CONNECTION LIMIT 7; --" OWNER TO postgres;"#.utf8)
        let place = try #require(dump.bytes.firstIndex(of: UInt8(ascii: "@")))
        dump.bytes.replaceSubrange(place...place, with: evil)
        let error = try #require(
            await failure {
                _ = try await engine.restore(request(dump, .plain, target: name + "_new", origin: .foreign))
            })
        #expect(error.code == .integrity, "\(error)")
        #expect(try await cluster.sql("SELECT rolconnlimit FROM pg_roles WHERE rolname = 'postgres'") == "-1\n")
        let roles = Written(
            bytes: Array(
                "SET client_encoding = '\(encoding)';\nCREATE ROLE \(name);\n-- PostgreSQL database cluster dump complete\n"
                    .utf8),
            inspected: dump.inspected)
        let (_, sound) = try await hostile(name + "x", "SELECT 1;")
        let globals = try #require(
            await failure { _ = try await engine.restore(request(sound, .plain, target: name + "_g", globals: roles)) })
        #expect(globals.code == .integrity, "\(globals)")
    }

    /// A coordinator may name any file as a dump: what the server says of it goes back to that coordinator.
    @Test func whatTheServerQuotesOfItIsNotTold() async throws {
        let name = "quoted_\(UInt32.random(in: 0...UInt32.max))"
        let (engine, dump) = try await hostile(name, "CANARYONE = CANARYTWO;\nSELECT 'CANARYTHREE'::int;")
        var told = ""
        let failure = await failure {
            let outcome = try await engine.restore(request(dump, .plain, origin: .foreign))
            told = outcome.failures.joined(separator: "\n") + outcome.checked
        }
        told += failure?.description ?? ""
        #expect(told.contains("42601") && told.contains("22P02"), "\(told)")
        #expect(!told.contains("CANARY"), "\(told)")
    }

    /// What no scanner sees.
    @Test(arguments: [RestoreOrigin.own, .foreign])
    func statementsRunWithoutASuperusersRights(origin: RestoreOrigin) async throws {
        let name = "sql_\(UInt32.random(in: 0...UInt32.max))"
        let run = "COPY (SELECT 1) TO PROGRAM 'touch \(mark)'"
        let (engine, dump) = try await hostile(
            name,
            """
            DO $$ BEGIN \(run); END $$;
            RESET ROLE;
            RESET SESSION AUTHORIZATION;
            SET SESSION AUTHORIZATION postgres;
            DO $$ BEGIN EXECUTE 'RESET ROLE'; PERFORM set_config('role', 'postgres', false); \(run); END $$;
            CREATE ROLE pwned_\(name) SUPERUSER;
            CREATE FUNCTION public.pwn() RETURNS bool LANGUAGE plpgsql AS $$
            BEGIN \(run); RETURN true; EXCEPTION WHEN insufficient_privilege THEN RETURN true; END $$;
            ALTER FUNCTION public.pwn() OWNER TO postgres;
            CREATE TABLE public.c (a int CHECK (public.pwn()));
            ALTER TABLE public.c ADD CHECK (public.pwn()), OWNER TO postgres;
            COPY public.c (a) FROM stdin;
            1
            \\.

            CREATE VIEW public.counted AS SELECT public.pwn();
            CREATE EVENT TRIGGER pwn ON ddl_command_end EXECUTE FUNCTION public.pwn();
            ALTER SYSTEM SET archive_command = 'touch \(mark)';
            CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;
            GRANT pg_execute_server_program TO PUBLIC;
            """)
        var asked = request(dump, .plain, target: name + "_new", origin: origin)
        // A view where a table should be: counting its rows runs it.
        asked.fingerprint?.tables.append(.init(name: "public.counted", rows: 1, sha256: ""))
        let outcome = try await engine.restore(asked)
        #expect(outcome.failures.contains { $0.contains("42501") }, "\(outcome.failures)")
        #expect(outcome.failures.contains { $0.contains("CREATE EXTENSION hstore") && $0.contains("before it") })
        #expect(isClean(), "\(outcome)")
        #expect(try await cluster.sql("SELECT count(*) FROM c", database: name + "_new") == "1\n")
        #expect(try await loadRoles() == "")
        let superusers = try await cluster.sql("SELECT rolname FROM pg_roles WHERE rolsuper AND rolname LIKE 'pwned%'")
        #expect(superusers == "")
        guard origin == .foreign else { return }
        // The server's own upkeep runs what is in an index with its owner's rights.
        let owner = try await cluster.sql(
            "SELECT r.rolsuper, r.rolcanlogin FROM pg_class c JOIN pg_roles r ON r.oid = relowner WHERE relname = 'c'",
            database: name + "_new")
        #expect(owner == "f|f\n")
        #expect(outcome.checked.contains("--trust-origin"), "\(outcome.checked)")
    }

    /// An owner without rights plants something in his own database, which is backed up and restored as it is.
    @Test func anOwnersTrapDoesNotSpringAtARestore() async throws {
        try await cluster.sql("CREATE ROLE trapper LOGIN; CREATE DATABASE trap OWNER trapper")
        try await cluster.sql(
            """
            SET ROLE trapper;
            CREATE FUNCTION public.pwn() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
              IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                EXECUTE $x$COPY (SELECT 1) TO PROGRAM 'touch \(mark)'$x$; EXECUTE 'ALTER ROLE trapper SUPERUSER'; END IF;
              RETURN true; END $$;
            CREATE TABLE public.t (a int CHECK (public.pwn())); INSERT INTO t VALUES (1), (2);
            CREATE INDEX ON t ((a + CASE WHEN a > 0 THEN 1 END));
            CREATE VIEW v AS SELECT public.pwn() AS x FROM t;
            """, database: "trap")
        let engine = try cluster.engine("trap")
        let outcome = try await engine.restore(request(try await cluster.backup(engine), .plain))
        #expect(outcome.failures == [])
        #expect(try await cluster.dump(outcome.target) == cluster.dump("trap"))
        #expect(isClean())
        #expect(try await cluster.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'trapper'") == "f\n")
    }

    @Test func whatOnlyASuperuserMakesComesBackOnItsOwnHostAndIsNamedElsewhere() async throws {
        try await cluster.sql("CREATE ROLE mighty SUPERUSER; CREATE ROLE humble; CREATE DATABASE highs OWNER humble")
        try await cluster.sql(
            """
            CREATE EXTENSION hstore; COMMENT ON EXTENSION hstore IS 'mine'; CREATE EXTENSION postgres_fdw;
            CREATE TABLE t (h hstore); INSERT INTO t VALUES ('a=>1'); ALTER TABLE t OWNER TO humble;
            CREATE TABLE m (a int); ALTER TABLE m OWNER TO mighty; GRANT SELECT ON m TO humble;
            GRANT INSERT ON t TO PUBLIC;
            CREATE FUNCTION c_abs(float8) RETURNS float8 LANGUAGE internal IMMUTABLE AS 'float8abs';
            GRANT EXECUTE ON FUNCTION c_abs(float8) TO humble; ALTER FUNCTION c_abs(float8) OWNER TO humble;
            CREATE VIEW a AS SELECT c_abs(-1) AS x;
            CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; ALTER SERVER s OWNER TO humble;
            CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
            CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION ev();
            CREATE OPERATOR CLASS my_ops FOR TYPE int USING btree AS
              OPERATOR 1 <, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
            ALTER DEFAULT PRIVILEGES FOR ROLE humble GRANT SELECT ON TABLES TO mighty;
            """, database: "highs")
        let engine = try cluster.engine("highs")
        let dump = try await cluster.backup(engine)
        for (format, at) in [(ObjectFormat.plain, 1_768_442_400.0), (.custom, 1_768_442_401)] {
            let written =
                format == .plain ? dump : try await cluster.backup(try cluster.engine("highs", format: .custom))
            let own = try await engine.restore(request(written, format, target: "highs_\(format.rawValue)", at: at))
            #expect(own.failures == [])
            #expect(try await cluster.dump(own.target) == cluster.dump("highs"))
        }
        let foreign = try await engine.restore(request(dump, .plain, target: "highs_foreign", origin: .foreign))
        for what in ["CREATE FUNCTION public.c_abs", "CREATE EVENT TRIGGER ev", "CREATE OPERATOR CLASS public.my_ops"] {
            #expect(
                foreign.failures.contains { $0.hasPrefix(what) && $0.contains("--trust-origin") }, "\(foreign.failures)"
            )
        }
        let owners = try await cluster.sql(
            "SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('t', 'm') ORDER BY 1",
            database: "highs_foreign")
        #expect(owners == "m|highs_foreign_owner_20260115_020000\nt|humble\n")
        let trusted = try await engine.restore(request(dump, .plain, target: "highs_trusted", origin: .trusted))
        #expect(trusted.failures == [])
        #expect(try await cluster.dump("highs_trusted") == cluster.dump("highs"))
        #expect(try await loadRoles() == "")
    }

    @Test(arguments: [
        "\\! touch /tmp/pwned", "DO $$ BEGIN COPY (SELECT 1) TO PROGRAM 'touch /tmp/pwned'; END $$;",
        "CREATE ROLE a1; COPY (SELECT 1) TO PROGRAM 'touch /tmp/pwned';", "COPY pg_authid TO '/tmp/pwned';",
        "SELECT pg_catalog.lo_export(1, '/tmp/pwned');", "ALTER SYSTEM SET archive_command = 'touch /tmp/pwned';",
        "COPY nowhere FROM stdin;\n\\! touch /tmp/pwned\n\\.",
    ])
    func rolesAndTablespacesHoldNothingElse(line: String) async throws {
        let (engine, dump) = try await hostile("glob_\(UInt32.random(in: 0...UInt32.max))", "SELECT 1;")
        let globals = Written(
            bytes: Array("CREATE ROLE loaded_first;\n\(line)\n-- PostgreSQL database cluster dump complete\n".utf8),
            inspected: dump.inspected)
        for origin in [RestoreOrigin.own, .foreign, .trusted] {
            let error = await failure {
                _ = try await engine.restore(request(dump, .plain, globals: globals, origin: origin))
            }
            #expect(error?.code == .integrity, "\(origin): \(error?.message ?? "none")")
        }
        #expect(try await cluster.sql("SELECT 1 FROM pg_roles WHERE rolname = 'loaded_first'") == "")
        #expect(isClean())
    }

    @Test func aStrangersRolesAreNoMasters() async throws {
        let (engine, dump) = try await hostile("strange", "SELECT 1;")
        let globals = Written(
            bytes: Array(
                """
                CREATE ROLE stranger;
                ALTER ROLE stranger WITH SUPERUSER INHERIT CREATEROLE NOCREATEDB LOGIN REPLICATION BYPASSRLS;
                ALTER ROLE stranger SET session_preload_libraries TO '/tmp/x';
                ALTER ROLE stranger SET search_path TO 'a', E'b\\\\';
                GRANT pg_execute_server_program TO stranger GRANTED BY postgres;
                GRANT postgres TO stranger;
                -- PostgreSQL database cluster dump complete

                """.utf8), inspected: dump.inspected)
        let outcome = try await engine.restore(request(dump, .plain, globals: globals, origin: .foreign))
        #expect(outcome.checked.contains("NOT given"), "\(outcome.checked)")
        let role = try await cluster.sql(
            """
            SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin, array_length(rolconfig, 1),
              rolconfig[1] LIKE 'search_path=a, %', pg_has_role(oid, 'pg_execute_server_program', 'MEMBER')
            FROM pg_roles WHERE rolname = 'stranger'
            """)
        #expect(role == "f|f|f|f|t|1|t|f\n", "\(role)")
    }
}
