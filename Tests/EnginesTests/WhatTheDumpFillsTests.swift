import Archive
import Domain
import Engines
import Foundation
import TestSupport
import Testing

/// Faults 151 to 153: the check after a restore compares what the dump alone fills.
@Suite("A restore is compared with what its dump fills", .timeLimit(.minutes(10)))
struct WhatTheDumpFillsTests {
    private static let everyOrigin = [RestoreOrigin.own, .foreign, .trusted]

    /// Makes the database, backs it up, restores it beside, and expects the same dump of both.
    private func roundTrip(
        _ cluster: PostgresCluster, _ name: String, format: ObjectFormat, origin: RestoreOrigin = .own,
        at seconds: Double = 1_768_442_400
    ) async throws -> (RestoreOutcome, Written) {
        let engine = try cluster.engine(name, format: format)
        let dump = try await cluster.backup(engine)
        // As it is after a manifest's way through a store.
        let manifest = try JSONEncoder().encode(dump.inspection().tables)
        var asked = request(dump, format, target: "\(name)_\(format.rawValue)_\(origin)", origin: origin, at: seconds)
        asked.fingerprint?.tables = try JSONDecoder().decode([TableFingerprint].self, from: manifest)
        let outcome = try await engine.restore(asked)
        #expect(outcome.failures == [])
        return (outcome, dump)
    }

    @Test(
        "PostGIS and its like: rows of its own tables that a user added come back, those that it fills count for nothing",
        arguments: [ObjectFormat.plain, .custom])
    func extensions(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "gis_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE EXTENSION postgis; CREATE EXTENSION postgis_topology; CREATE EXTENSION fuzzystrmatch;
            CREATE EXTENSION postgis_tiger_geocoder; CREATE EXTENSION address_standardizer_data_us;
            INSERT INTO spatial_ref_sys VALUES (990001, 'own', 1, 'text', 'proj');
            CREATE TABLE places (id int PRIMARY KEY, g geometry(Point, 4326));
            INSERT INTO places SELECT i, ST_SetSRID(ST_MakePoint(i, i), 4326) FROM generate_series(1, 10) i;
            CREATE INDEX ON places USING gist (g);
            SELECT topology.CreateTopology('streets', 4326);
            """, database: name)
        for origin in Self.everyOrigin {
            let (outcome, _) = try await roundTrip(cluster, name, format: format, origin: origin)
            #expect(outcome.checked.contains("match; the rows' digests match"), "\(outcome.checked)")
            let own = "SELECT count(*), count(*) FILTER (WHERE srid = 990001) FROM spatial_ref_sys"
            #expect(try await cluster.sql(own, database: outcome.target) == cluster.sql(own, database: name))
            guard origin != .foreign else { continue }
            let (restored, source) = (try await lines(cluster, outcome.target), try await lines(cluster, name))
            #expect(restored.symmetricDifference(source) == [])
        }
    }

    private func lines(_ cluster: PostgresCluster, _ database: String) async throws -> Set<Substring> {
        Set(try await cluster.dump(database).split(separator: "\n"))
    }

    @Test(
        "partitions by the hash of an enum, which pg_dump loads through their root, are counted there",
        arguments: [ObjectFormat.plain, .custom])
    func partitionRoot(format: ObjectFormat) async throws {
        let cluster = try SharedCluster.get()
        let name = "root_\(format.rawValue)"
        try await cluster.sql("CREATE DATABASE \(name)")
        try await cluster.sql(
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'wild', 'calm');
            CREATE TABLE m (n int, x mood) PARTITION BY RANGE (n);
            CREATE TABLE low PARTITION OF m FOR VALUES FROM (0) TO (500) PARTITION BY HASH (x);
            CREATE TABLE low0 PARTITION OF low FOR VALUES WITH (MODULUS 3, REMAINDER 0);
            CREATE TABLE low1 PARTITION OF low FOR VALUES WITH (MODULUS 3, REMAINDER 1);
            CREATE TABLE low2 PARTITION OF low FOR VALUES WITH (MODULUS 3, REMAINDER 2);
            CREATE TABLE high PARTITION OF m FOR VALUES FROM (500) TO (2000);
            INSERT INTO m SELECT n, (enum_range(NULL::mood))[1 + n % 5] FROM generate_series(0, 999) n;
            """, database: name)
        let (outcome, dump) = try await roundTrip(cluster, name, format: format)
        #expect(try dump.inspection().tables.count { $0.name == "public.m" } == 3)
        // Two tables: what lies in the partition by range goes there by its own name.
        #expect(outcome.checked.contains("2 tables, 1000 rows match"), "\(outcome.checked)")
        #expect(try await cluster.sql("SELECT count(*) FROM m", database: outcome.target) == "1000\n")
        // A row that went missing is found at the root.
        var less = request(dump, format, target: name + "_less", at: 1_768_442_500)
        let at = try #require(less.fingerprint?.tables.firstIndex { $0.name == "public.m" })
        less.fingerprint?.tables[at].rows += 1
        let error = await failure { _ = try await cluster.engine(name, format: format).restore(less) }
        #expect(error?.message.contains("the table public.m has 500 rows after the restore, the dump had 501") == true)
    }

    /// SQL that makes two tables whose names and columns are these; in SQL_ASCII `chr` makes one byte of any value.
    private static let namesByEncoding = [
        ("UTF8", "'stra\u{df}e', '\u{e9}', 'stra\u{df}e2'"), ("LATIN1", "'stra\u{df}e', '\u{e9}', 'stra\u{df}e2'"),
        ("EUC_JP", "'表', '列', '裏'"), ("EUC_KR", "'표', '열', '포'"), ("WIN1251", "'таблица', 'столбец', 'другая'"),
        ("SQL_ASCII", "'stra' || chr(223) || 'e', chr(233), 'stra' || chr(224) || 'e'"),
    ]

    @Test("names of tables and columns are bytes in the database's encoding", arguments: namesByEncoding)
    func encodings(encoding: String, names: String) async throws {
        let cluster = try SharedCluster.get()
        let name = "in_\(encoding.lowercased())"
        try await cluster.sql(
            "CREATE DATABASE \(name) ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try await cluster.sql(
            """
            DO $$ DECLARE n text[] := ARRAY[\(names)]; BEGIN
              EXECUTE format('CREATE TABLE %I (n int, %I text)', n[1], n[2]);
              EXECUTE format('INSERT INTO %I SELECT i, %L FROM generate_series(1, 7) i', n[1], n[2]);
              EXECUTE format('CREATE TABLE %I AS SELECT i FROM generate_series(1, 5) i', n[3]);
            END $$;
            """, database: name)
        for format in [ObjectFormat.plain, .custom] {
            for origin in Self.everyOrigin {
                let (outcome, dump) = try await roundTrip(cluster, name, format: format, origin: origin)
                #expect(
                    outcome.checked.contains("2 tables, 12 rows match; the rows' digests match"), "\(outcome.checked)")
                let tables = try dump.inspection().tables
                // Some bytes of other encodings are UTF-8 as well.
                #expect(
                    tables.contains { $0.nameBytes != nil } == ["LATIN1", "WIN1251", "SQL_ASCII"].contains(encoding)
                        || encoding.hasPrefix("EUC"), "\(tables)")
                #expect(Set(tables.map(\.exactName)).count == 2)
                // Manifests of before have only what UTF-8 made of it.
                var old = request(
                    dump, format, target: "\(name)_\(format.rawValue)_\(origin)_old", origin: origin, at: 1_768_442_500)
                for index in tables.indices { old.fingerprint?.tables[index].nameBytes = nil }
                let again = try await cluster.engine(name, format: format).restore(old)
                #expect(again.checked.contains("12 rows match"), "\(again.checked)")
                #expect(again.failures == [])
            }
        }
    }

    @Test("names of owners and roles beyond ASCII, where no database is in UTF-8")
    func owners() async throws {
        let cluster = try PostgresCluster()
        let manner = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        try await cluster.sql("DROP DATABASE postgres", database: "template1")
        try await cluster.sql("CREATE DATABASE postgres \(manner)", database: "template1")
        try await cluster.sql("CREATE ROLE \"chéf\" LOGIN; CREATE ROLE \"gast\"")
        try await cluster.sql("CREATE DATABASE latin \(manner) OWNER \"chéf\"")
        try await cluster.sql(
            "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO \"chéf\"; CREATE TABLE u AS SELECT 1 AS a",
            database: "latin")
        let engine = try cluster.engine("latin")
        let streams = try await engine.streams()
        let (globals, dump) = (try await write(streams[0]), try await write(streams[2]))
        // Whom the backup knows otherwise stays as he is.
        try await cluster.sql("ALTER ROLE \"chéf\" NOLOGIN; DROP ROLE gast")
        for (origin, at) in zip(Self.everyOrigin, [1_768_442_400.0, 1_768_442_401, 1_768_442_402]) {
            let outcome = try await engine.restore(
                request(dump, .plain, globals: globals, origin: origin, at: at))
            #expect(outcome.failures == [])
            #expect(try await cluster.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'chéf'") == "f\n")
            let owner = "SELECT datdba::regrole FROM pg_database WHERE datname = '\(outcome.target)'"
            #expect(try await cluster.sql(owner) == "\"chéf\"\n")
            guard origin != .foreign else { continue }
            #expect(try await cluster.dump(outcome.target) == cluster.dump("latin"))
        }
        #expect(try await cluster.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'gast'") == "1\n")
    }

    @Test("rows that the server does not take, for a column that is not there, are not run as statements")
    func noSuchColumn() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE columns")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS a", database: "columns")
        let engine = try cluster.engine("columns")
        var dump = try await cluster.backup(engine)
        let rows = "COPY public.t (nosuch) FROM stdin;\nDELETE FROM public.t;\nDROP TABLE public.t;\n\\.\n\n"
        let end = "--\n-- PostgreSQL database dump complete"
        dump.bytes = Array(dump.text.replacing(end, with: rows + end).utf8)
        for (origin, at) in zip(Self.everyOrigin, [1_768_442_400.0, 1_768_442_401, 1_768_442_402]) {
            let outcome = try await engine.restore(request(dump, .plain, origin: origin, at: at))
            #expect(try await cluster.sql("SELECT a FROM t", database: outcome.target) == "1\n")
            #expect(outcome.failures.count == 1 && outcome.failures[0].contains("nosuch"), "\(outcome.failures)")
        }
    }

    @Test(
        "what is set for every role neither cuts a load nor its comparison", arguments: [ObjectFormat.plain, .custom])
    func settingsOfEveryRole(format: ObjectFormat) async throws {
        let cluster = try PostgresCluster()
        try await cluster.sql("CREATE DATABASE slow")
        try await cluster.sql(
            "CREATE TABLE \"grün\" AS SELECT n, repeat(md5(n::text), 20) AS x, '€' AS e FROM generate_series(1, 60000) n",
            database: "slow")
        try await cluster.sql(
            """
            ALTER ROLE ALL SET statement_timeout = '100ms'; ALTER ROLE ALL SET lock_timeout = '1ms';
            ALTER ROLE ALL SET client_encoding = 'LATIN1'; ALTER ROLE ALL SET search_path = nowhere;
            ALTER ROLE ALL SET idle_in_transaction_session_timeout = '100ms'; ALTER ROLE ALL SET row_security = off;
            ALTER ROLE ALL SET default_transaction_read_only = on;
            """)
        for origin in Self.everyOrigin {
            let (outcome, _) = try await roundTrip(cluster, "slow", format: format, origin: origin)
            #expect(
                outcome.checked.contains("1 table, 60000 rows match; the rows' digests match"), "\(outcome.checked)")
        }
    }

    @Test("a load that cannot be compared is kept, and that it was not compared is told")
    func notCompared() async throws {
        let cluster = try SharedCluster.get()
        try await cluster.sql("CREATE DATABASE blind")
        try await cluster.sql("CREATE TABLE t AS SELECT 1 AS a", database: "blind")
        let dump = try await cluster.backup(try cluster.engine("blind"))
        let bin = try Folder()
        try bin.script("psql", "#!/bin/sh\nexec \(cluster.binDirectory)/psql \"$@\"")
        let engine = try cluster.engine("blind", bin: bin.path)
        let outcome = try await engine.restore(request(dump, .plain))
        #expect(try await cluster.sql("SELECT a FROM t", database: outcome.target) == "1\n")
        #expect(outcome.checked.contains("could NOT be compared"), "\(outcome.checked)")
    }
}
