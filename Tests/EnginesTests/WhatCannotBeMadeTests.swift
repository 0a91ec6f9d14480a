import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// Faults 155, 156 and 158: one object that cannot be made does not lose the others.
@Suite("What of a dump cannot be made", .timeLimit(.minutes(10)))
struct WhatCannotBeMadeTests {
    /// Functions that name a table without its schema, as they work for everybody with the usual search path.
    private static let unqualified = """
        CREATE TABLE t AS SELECT n FROM generate_series(1, 100) n;
        CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT sum(n) FROM t); END $$;
        CREATE MATERIALIZED VIEW mv AS SELECT total() AS x;
        CREATE FUNCTION known(i int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
          RETURN EXISTS (SELECT FROM t WHERE n = i); END $$;
        CREATE TABLE checked (i int CHECK (known(i)));
        INSERT INTO checked VALUES (7);
        CREATE TABLE other AS SELECT 1 AS a;
        """

    private func refusal(_ engine: PostgresEngine, _ request: RestoreRequest) async throws -> BackupError {
        do {
            let outcome = try await engine.restore(request)
            throw ServerFailure("it was restored: \(outcome)")
        } catch let error as BackupError {
            return error
        }
    }

    @Test(
        "a materialized view and a CHECK over names without a schema: the rest is there, each is told with reason and remedy",
        arguments: [ObjectFormat.plain, .custom], [RestoreOrigin.own, .trusted])
    func unqualifiedNames(format: ObjectFormat, origin: RestoreOrigin) async throws {
        let cluster = try SharedCluster.get()
        let name = "unq_\(format.rawValue)_\(origin)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(Self.unqualified, database: name)
        let engine = try cluster.engine(name, format: format)
        let dump = try await cluster.backup(engine)
        let outcome = try await engine.restore(request(dump, format, target: name + "_new", origin: origin))
        #expect(try await cluster.sql("SELECT count(*) FROM t", database: name + "_new") == "100\n")
        #expect(try await cluster.sql("SELECT a FROM other", database: name + "_new") == "1\n")
        let told = outcome.failures
        #expect(
            told.contains { $0.hasPrefix("REFRESH MATERIALIZED VIEW public.mv") && $0.contains("42P01") }, "\(told)")
        #expect(told.contains { $0.contains("rows of public.checked") && $0.contains("without its schema") }, "\(told)")
        #expect(told.contains { $0.contains("the table public.checked has 0 rows after the restore") }, "\(told)")
        #expect(told.count == 3, "\(told)")
        // All or nothing.
        var strict = request(dump, format, target: name + "_strict", origin: origin, at: 1_768_442_401)
        strict.manner.isAllOrNothing = true
        let refused = try await refusal(engine, strict)
        #expect(refused.code == .sourceRefused && refused.message.contains("nothing was restored"), "\(refused)")
        #expect(try await cluster.databases().filter { $0.hasPrefix(name) } == [name, name + "_new"])
        // It replaces nothing, unless that is asked for.
        let whole = try #require(
            await failure {
                _ = try await engine.restore(
                    request(dump, format, target: name, replace: true, origin: origin, at: 1_768_442_402))
            })
        #expect(whole.code == .integrity && whole.message.contains("nothing was replaced"), "\(whole)")
        #expect(try await cluster.sql("SELECT i FROM checked", database: name) == "7\n")
        var forced = request(dump, format, target: name, replace: true, origin: origin, at: 1_768_442_403)
        forced.manner.replacesIncomplete = true
        let replaced = try await engine.restore(forced)
        #expect(replaced.failures.count == 3)
        #expect(try await cluster.sql("SELECT count(*) FROM checked", database: name) == "0\n")
        #expect(try await cluster.sql("SELECT i FROM checked", database: #require(replaced.keptBeside)) == "7\n")
    }

    @Test("a role that is missing is named with --globals, and with those all is made")
    func missingRole() async throws {
        let source = try SharedCluster.get()
        try await source.sql("CREATE ROLE \"the keeper\"; CREATE DATABASE roles OWNER \"the keeper\"")
        try await source.sql(
            """
            CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO "the keeper";
            CREATE TABLE u AS SELECT 1 AS a; GRANT SELECT ON u TO "the keeper"; ALTER TABLE u ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON u TO "the keeper" USING (true);
            """, database: "roles")
        let streams = try await source.engine("roles").streams()
        let (globals, dump) = (try await write(streams[0]), try await write(streams[2]))
        let elsewhere = try PostgresCluster()
        let engine = try elsewhere.engine("roles")
        let outcome = try await engine.restore(request(dump, .plain, origin: .foreign))
        #expect(outcome.failures.contains { $0.contains("role \"the keeper\" does not exist") }, "\(outcome.failures)")
        #expect(outcome.failures.count { $0.contains("--globals") } == 1, "\(outcome.failures)")
        #expect(try await elsewhere.sql("SELECT a FROM t", database: outcome.target) == "1\n")
        let all = try await engine.restore(
            request(dump, .plain, globals: globals, origin: .foreign, at: 1_768_442_401))
        #expect(all.failures == [])
    }

    @Test(
        "pg_cron: beside it is told, under the original name it comes back", arguments: [ObjectFormat.plain, .custom])
    func cron(format: ObjectFormat) async throws {
        let cluster = try PostgresCluster(
            settings: ["shared_preload_libraries='pg_cron'", "cron.database_name='shop'", "cron.host='/nowhere'"])
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(
            "CREATE EXTENSION pg_cron; CREATE TABLE t AS SELECT 1 AS a; SELECT cron.schedule('0 3 * * *', 'SELECT 1')",
            database: "shop")
        let engine = try cluster.engine("shop", format: format)
        let dump = try await cluster.backup(engine)
        let beside = try await engine.restore(request(dump, format))
        #expect(try await cluster.sql("SELECT a FROM t", database: beside.target) == "1\n")
        #expect(
            beside.failures.contains {
                $0.hasPrefix("CREATE EXTENSION pg_cron") && $0.contains("--into-original-name")
            }, "\(beside.failures)")
        var asked = request(dump, format, at: 1_768_442_401)
        asked.manner.intoOriginalName = true
        let taken = try await refusal(engine, asked)
        #expect(taken.code == .exists)
        // What was there is set aside, though pg_cron itself is connected to it.
        asked.replace = true
        try await cluster.sql("UPDATE t SET a = 2", database: "shop")
        let outcome = try await engine.restore(asked)
        #expect(outcome.failures == [])
        #expect(outcome.target == "shop")
        let jobs = "SELECT schedule, command FROM cron.job"
        #expect(try await cluster.sql(jobs, database: "shop") == "0 3 * * *|SELECT 1\n")
        #expect(try await cluster.sql("SELECT a FROM t", database: "shop") == "1\n")
        #expect(try await cluster.sql("SELECT a FROM t", database: #require(outcome.keptBeside)) == "2\n")
        // One that fails leaves all as it was, under its name; so does one that lacks something.
        asked.now = Date(timeIntervalSince1970: 1_768_442_402)
        let whole = asked.dump
        asked.dump = { (sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) in
            try whole(sink)
            throw BackupError(.integrity, "the digest differs")
        }
        let broken = try await refusal(engine, asked)
        #expect(broken.message.contains("the digest differs; what was there before is there again"), "\(broken)")
        asked.dump = whole
        asked.fingerprint?.tables[0].rows += 1
        let differs = try await refusal(engine, asked)
        #expect(differs.code == .integrity && differs.message.contains("is there again"), "\(differs)")
        #expect(try await cluster.sql(jobs, database: "shop") == "0 3 * * *|SELECT 1\n")
        #expect(
            try await cluster.databases().filter { $0.hasPrefix("shop") } == [
                "shop", "shop_before_20260115_020001", "shop_restored_20260115_020000",
                "shop_restoring_20260115_020002",
            ])
        // A stranger's jobs would be run by the server.
        asked = request(dump, format, replace: true, origin: .foreign, at: 1_768_442_403)
        (asked.manner.intoOriginalName, asked.manner.replacesIncomplete) = (true, true)
        let foreign = try await engine.restore(asked)
        #expect(foreign.failures.contains { $0.contains("rows of cron.job") && $0.contains("42501") })
        #expect(try await cluster.sql("SELECT count(*) FROM cron.job", database: "shop") == "0\n")
    }

    @Test(
        "pg_dump of the server's own major is taken; a newer one's dump sets only what the server knows",
        arguments: [(16, 17), (16, 18), (17, 18)], [ObjectFormat.plain, .custom])
    func newerTools(_ majors: (server: Int, tools: Int), format: ObjectFormat) async throws {
        let cluster = try PostgresCluster(bin: try PostgresCluster.packaged(majors.server))
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(
            "CREATE TABLE t (a int PRIMARY KEY NOT NULL, b text); INSERT INTO t SELECT n, 'x' FROM generate_series(1, 99) n",
            database: "shop")
        let engine = try cluster.engine("shop", format: format, bin: try PostgresCluster.packaged(majors.tools))
        let streams = try await engine.streams()
        let (globals, dump) = (try await write(streams[0]), try await write(streams[2]))
        _ = (try globals.inspection(), try dump.inspection())
        if format == .plain {
            #expect(dump.text.contains("SET transaction_timeout") == (majors.server >= 17))
            // By the stock line.
            try await cluster.sql("CREATE DATABASE stock")
            try await cluster.tool("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1"], database: "stock", input: dump.text)
        }
        for origin in [RestoreOrigin.own, .foreign, .trusted] {
            let outcome = try await engine.restore(
                request(dump, format, target: "shop_\(origin)", globals: globals, origin: origin))
            #expect(outcome.failures == [], "\(origin)")
            #expect(outcome.checked.contains("1 table, 99 rows match; the rows' digests match"), "\(outcome.checked)")
        }
    }

    @Test("a backup of any major comes back in any other", arguments: [ObjectFormat.plain, .custom])
    func majors(format: ObjectFormat) async throws {
        let clusters = try [
            PostgresCluster(), PostgresCluster(bin: PostgresCluster.packaged(16)),
            PostgresCluster(bin: PostgresCluster.packaged(17)), PostgresCluster(bin: PostgresCluster.packaged(18)),
        ]
        for (index, source) in clusters.enumerated() {
            let name = "from\(index)"
            try await source.sql("CREATE DATABASE \(name)")
            try await source.sql(
                """
                CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL CHECK (b <> ''), c float8, d timestamptz, e jsonb);
                INSERT INTO t SELECT n, md5(n::text), n / 3.0, to_timestamp(n), jsonb_build_object('n', n)
                  FROM generate_series(1, 200) n;
                CREATE INDEX ON t (b); CREATE VIEW v AS SELECT a, b FROM t; CREATE SEQUENCE s START 5;
                CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
                """, database: name)
            let dump = try await source.backup(try source.engine(name, format: format, bin: source.binDirectory))
            // An older pg_restore does not read a newer one's archive, and says so before anything is there.
            for (place, target) in clusters.enumerated() {
                let engine = try target.engine(name, format: format, bin: target.binDirectory)
                let asked = request(dump, format, target: "\(name)_new", origin: place % 2 == 0 ? .own : .foreign)
                guard format == .plain || place >= index || (index, place) == (3, 2) else {
                    let error = try await refusal(engine, asked)
                    #expect(error.code == .sourceRefused && error.message.contains("install the client"), "\(error)")
                    continue
                }
                let outcome = try await engine.restore(asked)
                #expect(outcome.failures == [], "\(index) to \(place)")
                #expect(
                    outcome.checked.contains("1 table, 200 rows match; the rows' digests match"), "\(outcome.checked)")
            }
        }
    }

    @Test("an error of the server is told by its code, whatever it is about")
    func refusedIsNotUnreachable() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE ROLE weak LOGIN PASSWORD 'x'; CREATE DATABASE weak_one OWNER weak")
        let dump = try await cluster.backup(try cluster.engine("weak_one"))
        let engine = try PostgresEngine(
            name: DatabaseName("weak_one"),
            connection: PostgresConnection(parsing: cluster.url(database: "weak_one", user: "weak", password: "x")))
        let error = try #require(await failure { _ = try await engine.restore(request(dump, .plain)) })
        #expect(error.code == .sourceRefused, "\(error)")
    }
}
