/// A database with a little of everything that a backup has to bring back: 25 tables with all common column types, NULLs,
/// bytea, large objects, sequences, views, partitions, inheritance, functions, triggers, rights and names that are not
/// ASCII or not polite. Run it in an empty database as superuser.
package enum SampleDatabase {
    /// How many tables hold rows of their own (partitioned parents do not).
    package static let minimumTables = 20

    package static let sql = types + names + structure + objects + many

    private static let types = #"""
        CREATE EXTENSION IF NOT EXISTS plpgsql;
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'très content');
        CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
        CREATE TYPE pair AS (a integer, b text);
        CREATE TABLE numbers (id bigserial PRIMARY KEY, s smallint, i integer, b bigint, n numeric(30, 10), r real,
                              d double precision, m money, o oid, p positive);
        INSERT INTO numbers (s, i, b, n, r, d, m, o, p) VALUES
          (-32768, -2147483648, -9223372036854775808, -12345678901234567890.0123456789, 'NaN', '-Infinity', -1.5, 1, 1),
          (32767, 2147483647, 9223372036854775807, 0.0000000001, 3.4e38, 2.2250738585072014e-308, 99.99, 4294967295, 7),
          (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE texts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text, v varchar(40), c char(8),
                            "n" name, lower_t text GENERATED ALWAYS AS (lower(t)) STORED);
        INSERT INTO texts (t, v, c, "n") VALUES (E'tab\t newline\n backslash\\ cr\r', 'grün', 'pad', 'n'),
          (E'\\.', '\N', '', ''), ('-- PostgreSQL database dump complete', 'COPY x FROM stdin;', '日本', 'ß'),
          ('', NULL, NULL, NULL), (NULL, '', NULL, NULL), (repeat('long ', 50000), '😀', 'x', 'y');
        CREATE TABLE times (id serial PRIMARY KEY, d date, t time, tz timetz, ts timestamp, tstz timestamptz, i interval);
        INSERT INTO times (d, t, tz, ts, tstz, i) VALUES
          ('2024-02-29', '23:59:59.999999', '12:00+05:30', '0001-01-01 BC', '2038-01-19 03:14:08+00', '1 year -3 days'),
          ('infinity', '00:00', '00:00-12', '-infinity', 'infinity', '-178000000 years'), (NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE binaries (id serial PRIMARY KEY, b bytea, bits bit varying, u uuid);
        INSERT INTO binaries (b, bits, u) VALUES ('\x00ff0a5c2e0d', B'10110', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
          ('', B'', NULL), (NULL, NULL, NULL), (decode(repeat('00017fff', 20000), 'hex'), B'0', gen_random_uuid());
        CREATE TABLE documents (id serial PRIMARY KEY, j json, jb jsonb, x xml, v tsvector, q tsquery);
        INSERT INTO documents (j, jb, v, q) VALUES ('{"a" : 1, "a":2, "ü":null}', '{"k":[1,2,{"d":"\u00e9\\n"}]}',
          to_tsvector('simple', 'a fat cat'), 'fat & rat'), (NULL, 'null', NULL, NULL);
        CREATE TABLE nets (id serial PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8);
        INSERT INTO nets (i, c, m) VALUES ('192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03'), ('::1', '::/0', NULL);
        CREATE TABLE shapes (id serial PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
        INSERT INTO shapes (p, l, s, b, pa, po, c) VALUES ('(1,2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)',
          '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),5>');
        CREATE TABLE lists (id serial PRIMARY KEY, i integer[], t text[], m mood[], p pair, r int4range, ts tstzrange,
                            mr int4multirange, mo mood);
        INSERT INTO lists (i, t, m, p, r, ts, mr, mo) VALUES
          ('{{1,2},{3,NULL}}', ARRAY['a,b', 'c"d', NULL, '{}', E'\\'], '{sad,"très content"}', ROW(1, 'x,"y'), '[1,10)',
           '[2024-01-01 00:00+00,)', '{[1,2),[5,9)}', 'happy'),
          (NULL, '{}', '{}', NULL, 'empty', NULL, '{}', NULL);

        """#

    private static let names = #"""
        CREATE TABLE "größen und Maße" ("Übergröße" integer, "a ""b""" text, "select" text);
        INSERT INTO "größen und Maße" VALUES (1, 'ä', 's'), (2, NULL, E'it''s');
        CREATE SCHEMA "schéma.x";
        CREATE TABLE "schéma.x"."表" (id integer PRIMARY KEY, "列" text DEFAULT 'デフォルト');
        INSERT INTO "schéma.x"."表" VALUES (1, '値'), (2, DEFAULT);
        CREATE TABLE "a'b" (id integer); INSERT INTO "a'b" VALUES (1);
        CREATE TABLE "with; drop -- x" (id integer); INSERT INTO "with; drop -- x" VALUES (2);
        CREATE TABLE "Mixed.Case""Quote" (id integer); INSERT INTO "Mixed.Case""Quote" VALUES (3);
        CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES;
        CREATE TABLE empty_one (id integer, t text);

        """#

    private static let structure = #"""
        CREATE TABLE events (at timestamptz NOT NULL, kind text, payload jsonb) PARTITION BY RANGE (at);
        CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
        CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2026-01-01 00:00+00')
          PARTITION BY LIST (kind);
        CREATE TABLE events_2025_a PARTITION OF events_2025 FOR VALUES IN ('a');
        CREATE TABLE events_2025_rest PARTITION OF events_2025 DEFAULT;
        INSERT INTO events SELECT '2024-06-01 00:00+00'::timestamptz + n * interval '1 day',
          CASE n % 3 WHEN 0 THEN 'a' ELSE 'b' END, jsonb_build_object('n', n) FROM generate_series(1, 500) n;
        CREATE TABLE parent (id integer, t text);
        CREATE TABLE child (extra text) INHERITS (parent);
        INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 'e'), (3, 'c', NULL);
        CREATE TABLE customers (id serial PRIMARY KEY, email text UNIQUE NOT NULL, boss integer REFERENCES customers);
        CREATE TABLE orders (id bigserial PRIMARY KEY, customer integer NOT NULL REFERENCES customers ON DELETE CASCADE,
          total numeric(12, 2) CHECK (total >= 0), EXCLUDE USING btree (id WITH =));
        INSERT INTO customers (email, boss) SELECT 'c' || n || '@example.org', NULLIF(n / 2, 0) FROM generate_series(1, 50) n;
        INSERT INTO orders (customer, total) SELECT 1 + n % 50, n * 1.25 FROM generate_series(1, 2000) n;
        CREATE INDEX orders_total ON orders (total DESC NULLS LAST) WHERE total > 10;
        CREATE INDEX ON documents USING gin (jb);
        CREATE UNLOGGED TABLE scratchpad (id integer); INSERT INTO scratchpad VALUES (9);
        CREATE TABLE settings (key text PRIMARY KEY, value text) WITH (fillfactor = 70);
        INSERT INTO settings VALUES ('a', '1'), ('b', NULL);
        ALTER TABLE settings ENABLE ROW LEVEL SECURITY;
        CREATE POLICY everyone ON settings FOR SELECT USING (true);
        COMMENT ON TABLE settings IS 'it''s a "comment" -- with ; and \ and ü';

        """#

    private static let objects = #"""
        CREATE SEQUENCE lonely INCREMENT -3 START 100 MINVALUE -1000 MAXVALUE 100 CYCLE; SELECT nextval('lonely'), nextval('lonely');
        CREATE VIEW rich AS SELECT c.email, sum(o.total) AS sum FROM customers c JOIN orders o ON o.customer = c.id
          GROUP BY c.email HAVING sum(o.total) > 1000;
        CREATE VIEW "Sicht ü" AS SELECT * FROM "größen und Maße";
        CREATE MATERIALIZED VIEW totals AS SELECT customer, count(*) AS n FROM orders GROUP BY customer WITH DATA;
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
        -- COPY public.fake (a) FROM stdin;
        -- PostgreSQL database dump complete
          NEW.value := coalesce(NEW.value, 'stamped'); RETURN NEW;
        END $body$;
        CREATE TRIGGER stamp BEFORE UPDATE ON settings FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE PROCEDURE nothing(INOUT x integer) LANGUAGE sql AS 'SELECT x';
        CREATE AGGREGATE glue(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
        CREATE COLLATION "my C" FROM "C";
        SELECT lo_from_bytea(4242, decode(repeat('deadbeef00', 5000), 'hex'));
        SELECT lo_from_bytea(4243, ''); COMMENT ON LARGE OBJECT 4242 IS 'größer';
        GRANT SELECT ON orders TO PUBLIC; REVOKE ALL ON texts FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES IN SCHEMA "schéma.x" GRANT SELECT ON TABLES TO PUBLIC;

        """#

    private static let many = #"""
        CREATE TABLE readings (id bigint PRIMARY KEY, sensor text, value double precision, note text);
        INSERT INTO readings SELECT n, 'sensor ' || n % 17, sin(n), CASE WHEN n % 5 = 0 THEN NULL ELSE md5(n::text) END
          FROM generate_series(1, 20000) n;

        """#
}
