-- Mixed text, numbers and JSON, in the proportions of an ordinary application. :megabytes is roughly the size of the plain dump.
-- The same rows every time, so that figures of different days can be compared.
\set ON_ERROR_STOP on
SELECT setseed(0.5);

-- Words of uneven frequency; text made of them compresses as prose does.
CREATE TEMP TABLE word AS
SELECT array_agg(substr(translate(md5(i::text), '0123456789', 'etaoinshrd'), 1, 3 + i % 7) ORDER BY i) AS list
FROM generate_series(1, 4096) AS i;

CREATE FUNCTION pg_temp.prose(seed bigint, words int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(list[1 + (hashint8(seed * 131 + n) & 4095) * (hashint8(seed - n * 17) & 4095) / 4096], ' ')
    FROM word, generate_series(1, words) AS n
$$;

CREATE TABLE customer (
    id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, joined date NOT NULL, balance numeric(12, 2), settings jsonb);
INSERT INTO customer
SELECT i, initcap(pg_temp.prose(i, 2)), md5(i::text) || '@example.com', date '2015-01-01' + (i % 4000)::int,
    (hashint8(i) % 1000000) / 100.0,
    jsonb_build_object('theme', CASE WHEN i % 3 = 0 THEN 'dark' ELSE 'light' END, 'pages', i % 90, 'beta', i % 7 = 0)
FROM generate_series(1, :megabytes * 160) AS i;

CREATE TABLE purchase (
    id bigint PRIMARY KEY, customer bigint NOT NULL, at timestamptz NOT NULL, amount numeric(12, 2) NOT NULL, quantity int NOT NULL,
    rate double precision NOT NULL, reference uuid NOT NULL, state text NOT NULL);
INSERT INTO purchase
SELECT i, 1 + hashint8(i) & 65535, timestamptz '2020-01-01 00:00+00' + i * interval '17.31 seconds', (hashint8(i) & 1048575) / 100.0,
    1 + (hashint8(-i) & 15), (hashint8(i * 3) & 16777215) / 16777216.0, md5(i::text)::uuid,
    (array['new', 'paid', 'sent', 'returned'])[1 + (hashint8(i) & 3)]
FROM generate_series(1, :megabytes * 3300) AS i;

CREATE TABLE event (id bigint PRIMARY KEY, kind text NOT NULL, at timestamp NOT NULL, payload jsonb NOT NULL);
INSERT INTO event
SELECT i, (array['view', 'click', 'search', 'buy', 'leave'])[1 + (hashint8(i) & 3)], timestamp '2024-01-01' + i * interval '3.7 seconds',
    jsonb_build_object('session', md5((i / 12)::text), 'path', '/' || replace(list[1 + (hashint8(i) & 1023)], ' ', '/'),
        'ms', hashint8(-i) & 4095, 'agent', 'Mozilla/5.0 (X11; Linux x86_64)', 'tags', jsonb_build_array(list[1 + (hashint8(i * 7) & 255)], i % 13))
FROM word, generate_series(1, :megabytes * 1650) AS i;

CREATE TABLE article (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL);
INSERT INTO article
SELECT i, pg_temp.prose(i, 6), pg_temp.prose(-i, 150) FROM generate_series(1, :megabytes * 290) AS i;

CREATE INDEX ON purchase (customer);
CREATE INDEX ON event (at);
ANALYZE;
