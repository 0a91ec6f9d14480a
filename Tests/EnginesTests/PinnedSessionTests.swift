import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// Our own SQL runs in databases that others own (faults 143 and 156).
@Suite("Sessions of ours are pinned", .timeLimit(.minutes(4)))
struct PinnedSessionTests {
    /// Functions and operators that fit our questions better than the built-in ones, and tables that hide the catalog's.
    private static let traps = """
        CREATE FUNCTION public.trap() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
          IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN
            EXECUTE 'ALTER ROLE evil SUPERUSER'; END IF; RETURN true; END $$;
        CREATE FUNCTION public.json_build_object(text,text,text,int,text,name,text,name,text,bigint,text,boolean)
          RETURNS json LANGUAGE sql AS 'SELECT CASE WHEN public.trap() THEN pg_catalog.json_build_object($1,$2,$3,$4) END';
        CREATE FUNCTION public.json_build_object(text,text,text,int,text,name,text,name,text,bigint,text,boolean,text,
          boolean,text,name,text,boolean)
          RETURNS json LANGUAGE sql AS 'SELECT CASE WHEN public.trap() THEN pg_catalog.json_build_object($1,$2,$3,$4) END';
        CREATE FUNCTION public.split_part(text, text, int) RETURNS text LANGUAGE sql
          AS 'SELECT CASE WHEN public.trap() THEN ''15'' END';
        CREATE FUNCTION public.pg_database_size(name) RETURNS bigint LANGUAGE sql
          AS 'SELECT CASE WHEN public.trap() THEN 1::bigint END';
        CREATE FUNCTION public.to_json(name) RETURNS json LANGUAGE sql
          AS 'SELECT CASE WHEN public.trap() THEN ''1''::json END';
        CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql
          AS 'SELECT CASE WHEN public.trap() THEN ''x'' END';
        CREATE FUNCTION public.eq(name, name) RETURNS bool LANGUAGE sql AS 'SELECT public.trap()';
        CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.eq);
        CREATE FUNCTION public.eqt(name, text) RETURNS bool LANGUAGE sql AS 'SELECT public.trap()';
        CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.eqt);
        CREATE TABLE public.pg_settings AS SELECT 'x'::text AS name WHERE public.trap();
        CREATE VIEW public.pg_database AS SELECT public.trap() AS datname;
        """

    @Test func noOwnerBecomesMasterByOurQuestions() async throws {
        let cluster = try PostgresCluster()
        try await cluster.sql("CREATE ROLE evil LOGIN; CREATE DATABASE d OWNER evil")
        try await cluster.sql("ALTER SCHEMA public OWNER TO evil", database: "d")
        let plant = "SET ROLE evil; CREATE TABLE t (a int); INSERT INTO t VALUES (1);" + Self.traps
        try await cluster.sql(plant, database: "d")
        try await cluster.sql("ALTER DATABASE d SET search_path = public, pg_catalog")
        // As on servers up to 14, where anybody may.
        for database in ["postgres", "template1"] {
            try await cluster.sql("GRANT CREATE ON SCHEMA public TO PUBLIC", database: database)
            try await cluster.sql(plant, database: database)
            try await cluster.sql("ALTER DATABASE \(database) SET search_path = public, pg_catalog")
        }
        let engine = try cluster.engine("d")
        _ = try await engine.examine()
        let streams = try await engine.streams()
        let globals = try await write(streams[0])
        _ = try globals.inspection()
        let dump = try await write(streams[2])
        _ = try dump.inspection()
        let outcome = try await engine.restore(request(dump, .plain, globals: globals))
        #expect(outcome.failures == [])
        _ = try await engine.restore(
            request(dump, .plain, target: outcome.target, replace: true, at: 1_768_442_401))
        let isMaster = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) 'evil'::name"
        #expect(try await cluster.sql("SET search_path = pg_catalog; \(isMaster)", database: "template1") == "f\n")
        // The place that we made for it is gone.
        let names = try await cluster.sql("SET search_path = pg_catalog; SELECT datname FROM pg_database")
        #expect(!names.contains("holdfast_"), "\(names)")
    }

    @Test func whatIsSetForARoleEndsNothingOfOurs() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE ROLE hasty LOGIN SUPERUSER PASSWORD 'x'; CREATE DATABASE slow OWNER hasty")
        try await cluster.sql(
            """
            CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) AS x FROM generate_series(1, 8000) n;
            CREATE TABLE grün AS SELECT '€' AS e
            """, database: "slow")
        try await cluster.sql(
            """
            ALTER ROLE hasty SET statement_timeout = '20ms'; ALTER ROLE hasty SET default_transaction_read_only = on;
            ALTER ROLE hasty SET lock_timeout = '1ms'; ALTER ROLE hasty SET client_encoding = 'LATIN1';
            ALTER ROLE hasty SET idle_in_transaction_session_timeout = '20ms'; ALTER ROLE hasty SET row_security = off;
            """)
        for (format, at) in [(ObjectFormat.plain, 1_768_442_400.0), (.custom, 1_768_442_401)] {
            let engine = try PostgresEngine(
                name: DatabaseName("slow"),
                connection: PostgresConnection(parsing: cluster.url(database: "slow", user: "hasty", password: "x")),
                format: format)
            _ = try await engine.examine()
            let streams = try await engine.streams()
            let globals = try await write(streams[0])
            _ = try globals.inspection()
            let dump = try await write(streams[2])
            _ = try dump.inspection()
            for origin in [RestoreOrigin.own, .trusted] {
                let outcome = try await engine.restore(
                    request(dump, format, globals: globals, origin: origin, at: at + (origin == .own ? 0 : 10)))
                #expect(outcome.failures == [])
                #expect(try await cluster.dump(outcome.target) == cluster.dump("slow"))
            }
        }
    }

    @Test func whereOnlyTheSystemsUsersMayUseTheSocketTheLoadComesByThePort() async throws {
        let cluster = try PostgresCluster()
        try await cluster.sql("CREATE DATABASE d")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS a", database: "d")
        let engine = try PostgresEngine(
            name: DatabaseName("d"), connection: PostgresConnection(parsing: cluster.socketURL(database: "d")))
        let dump = try await cluster.backup(engine)
        func allow(_ rules: [String]) async throws {
            let file = cluster.folder + "/data/pg_hba.conf"
            try rules.map { $0 + "\n" }.joined().write(toFile: file, atomically: false, encoding: .utf8)
            try await cluster.sql("SELECT pg_reload_conf()")
            try await eventually("the rules hold") {
                try await cluster.sql("SELECT count(*) FROM pg_hba_file_rules") == "\(rules.count)\n" ? true : nil
            }
        }
        try await allow([
            "local all postgres trust", "local all all reject", "host all all 127.0.0.1/32 scram-sha-256",
        ])
        let outcome = try await engine.restore(request(dump, .plain))
        #expect(try await cluster.sql("SELECT a FROM t", database: outcome.target) == "1\n")
        try await allow(["local all postgres trust"])
        let error = await failure { _ = try await engine.restore(request(dump, .plain, at: 1_768_442_401)) }
        #expect(error?.message.contains("--trust-origin") == true, "\(error?.message ?? "none")")
        #expect(try await cluster.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'holdfast%'") == "0\n")
        let trusted = try await engine.restore(request(dump, .plain, origin: .trusted, at: 1_768_442_402))
        #expect(try await cluster.sql("SELECT a FROM t", database: trusted.target) == "1\n")
    }
}
