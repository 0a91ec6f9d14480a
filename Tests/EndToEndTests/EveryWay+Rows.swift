import Foundation
import TestSupport

extension EveryWayRow {
    /// Those that are made here, in the gate.
    static var made: [EveryWayRow] {
        [("plain", "gzip"), ("custom", "zstd")].map { format, codec in
            database("sample", format, codec, sql: SampleDatabase.sql)
        }
            + ["plain", "custom"].flatMap { format in
                [
                    database(
                        "postgis", format, "gzip",
                        sql: postgis + searchPath(format == "plain" ? "SET search_path = public" : "RESET search_path")),
                    database("latin1", format, "gzip", creating: "-T template0 -E LATIN1 --locale=C", sql: latin1),
                    database("bytes", format, "zstd", creating: "-T template0 -E SQL_ASCII --locale=C", sql: bytes),
                    database(
                        "icu", format, "gzip",
                        creating: "-T template0 -E UTF8 --locale=C --locale-provider=icu --icu-locale=de-u-co-phonebk",
                        sql: icu),
                ]
            }
            + ["gzip", "zstd"].flatMap { codec in
                [
                    EveryWayRow(
                        name: "Chromium's history", codec: codec,
                        subject: .sqlite { try await ran("sqlite3", [$0.path, chromium]) }),
                    EveryWayRow(
                        name: "Anki's collection", codec: codec,
                        subject: .sqlite {
                            try await ran("python3", [script("own_parts.py"), "make", "anki", $0.path])
                        }),
                    EveryWayRow(
                        name: "odd tree", codec: codec,
                        subject: .tree { try await ran("python3", [script("odd_tree.py"), $0.path]) }),
                ]
            }
    }

    private static func script(_ name: String) -> String { ServerProcess.servers.appending(path: name).path }

    /// A database made by `createdb` with those options, and by SQL in it.
    static func database(
        _ name: String, _ format: String, _ codec: String, creating options: String = "", sql: String
    ) -> EveryWayRow {
        EveryWayRow(
            name: name, codec: codec,
            subject: .postgres(format: format) { cluster, database in
                try await cluster.tool("createdb", options.split(separator: " ").map(String.init) + [database])
                try await cluster.sql(sql, database: database)
            })
    }

    /// Extensions set it for the database while they are loaded, also when it is restored.
    private static func searchPath(_ change: String) -> String {
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I \(change)', current_database()); END $$"
    }

    private static let postgis = """
        CREATE EXTENSION postgis; CREATE EXTENSION postgis_topology; CREATE EXTENSION fuzzystrmatch;
        CREATE EXTENSION postgis_tiger_geocoder; CREATE EXTENSION postgis_raster; CREATE EXTENSION hstore;
        INSERT INTO spatial_ref_sys VALUES (990001, 'own', 1, 'text', 'proj');
        CREATE TABLE places (id int PRIMARY KEY, g geometry(Point, 4326), t geography, h hstore);
        INSERT INTO places SELECT i, ST_SetSRID(ST_MakePoint(i, i), 4326), ST_MakePoint(i, 1)::geography, 'a=>1' FROM generate_series(1, 80) i;
        CREATE INDEX ON places USING gist (g);
        CREATE MATERIALIZED VIEW near AS SELECT id FROM places WHERE ST_DWithin(g, ST_SetSRID(ST_MakePoint(0, 0), 4326), 30);
        SELECT topology.CreateTopology('streets', 4326);

        """

    private static let latin1 = """
        CREATE TABLE "Größe" (id serial PRIMARY KEY, "Fuß" text CHECK ("Fuß" <> 'ß'));
        INSERT INTO "Größe" ("Fuß") VALUES ('é'), ('ÿþ'), (NULL); CREATE SCHEMA "ñ"; CREATE TABLE "ñ"."ü" AS SELECT 'ä'::text AS "ö";
        COMMENT ON TABLE "Größe" IS 'für'; CREATE VIEW "Übersicht" AS SELECT * FROM "Größe"
        """

    private static let bytes = #"""
        CREATE TABLE t (a text); INSERT INTO t VALUES (E'\xff\xfe'), (E'caf\xe9'), ('grün');
        DO $$ BEGIN EXECUTE E'CREATE TABLE "na\xefve" (a int)'; EXECUTE E'INSERT INTO "na\xefve" VALUES (1)'; END $$
        """#

    private static let icu = """
        CREATE TABLE words (w text PRIMARY KEY); INSERT INTO words VALUES ('Ärger'), ('Adel'), ('Affe'), ('Zoo');
        CREATE COLLATION own (provider = icu, locale = 'sv', deterministic = false);
        CREATE TABLE names (n text COLLATE own UNIQUE); INSERT INTO names VALUES ('Å'), ('o')
        """

    private static let chromium = """
        PRAGMA page_size = 2048; PRAGMA auto_vacuum = 1;
        CREATE TABLE meta(key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
        INSERT INTO meta VALUES ('mmap_status', '-1'), ('version', '70'), ('last_compatible_version', '16');
        CREATE TABLE urls(id INTEGER PRIMARY KEY AUTOINCREMENT, url LONGVARCHAR, title LONGVARCHAR, visit_count INTEGER DEFAULT 0
          NOT NULL, last_visit_time INTEGER NOT NULL, hidden INTEGER DEFAULT 0 NOT NULL);
        CREATE INDEX urls_url_index ON urls (url);
        CREATE TABLE visits(id INTEGER PRIMARY KEY AUTOINCREMENT, url INTEGER NOT NULL, visit_time INTEGER NOT NULL,
          from_visit INTEGER, transition INTEGER DEFAULT 0 NOT NULL, originator_cache_guid TEXT DEFAULT "" NOT NULL);
        CREATE INDEX visits_time_index ON visits (visit_time);
        CREATE TABLE cluster_keywords(cluster_id INTEGER NOT NULL, keyword VARCHAR NOT NULL, score NUMERIC NOT NULL,
          PRIMARY KEY(cluster_id, keyword)) WITHOUT ROWID;
        CREATE VIRTUAL TABLE pages USING fts4(title, body, tokenize=porter);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
          INSERT INTO urls SELECT i, 'https://example.org/' || i, hex(randomblob(30)), i % 7, 13300000000000000 + i, 0 FROM n;
        INSERT INTO visits(url, visit_time, from_visit) SELECT id, last_visit_time, 0 FROM urls;
        INSERT INTO cluster_keywords SELECT id, title, 1.5 FROM urls WHERE id % 9 = 0;
        INSERT INTO pages SELECT url, title FROM urls WHERE id < 100; DELETE FROM urls WHERE id % 3 = 0;
        """
}
