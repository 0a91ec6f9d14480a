"""Makes SQLite files with parts that only their own program has, and compares two of them as that program would.

    own_parts.py make KIND FILE | own_parts.py compare FILE FILE
"""

import sqlite3
import sys


def connect(path):
    """With the program's own collation and functions."""
    db = sqlite3.connect(path, isolation_level=None)
    db.create_collation("unicase", lambda a, b: (a.casefold() > b.casefold()) - (a.casefold() < b.casefold()))
    db.create_function("own_length", -1, lambda *a: len(str(a[0])), deterministic=True)
    return db


# The collation of Anki, where it stands in Anki's collections: in keys of tables without row ids, and in unique indexes.
ANKI = """
PRAGMA journal_mode = wal;
CREATE TABLE notes (id integer PRIMARY KEY, guid text NOT NULL, flds text NOT NULL, sfld integer NOT NULL);
CREATE TABLE fields (ntid integer NOT NULL, ord integer NOT NULL, name text NOT NULL COLLATE unicase, config blob NOT NULL,
  PRIMARY KEY (ntid, ord)) WITHOUT ROWID;
CREATE UNIQUE INDEX idx_fields_name_ntid ON fields (name, ntid);
CREATE TABLE notetypes (id integer NOT NULL PRIMARY KEY, name text NOT NULL COLLATE unicase, config blob NOT NULL);
CREATE UNIQUE INDEX idx_notetypes_name ON notetypes (name);
CREATE TABLE decks (id integer PRIMARY KEY NOT NULL, name text NOT NULL COLLATE unicase, kind blob NOT NULL);
CREATE UNIQUE INDEX idx_decks_name ON decks (name);
CREATE TABLE tags (tag text NOT NULL PRIMARY KEY COLLATE unicase, usn integer NOT NULL, config blob NULL) WITHOUT ROWID;
INSERT INTO decks VALUES (1, 'Default', x''), (2, 'b', x''), (3, 'A', x''), (4, 'Z', x''), (5, 'ä', x''), (6, 'Ö', x'');
INSERT INTO notetypes VALUES (1, 'Basic', x''), (2, 'basic (reversed)', x''), (3, 'cloze', x''), (4, 'ANY', x'');
INSERT INTO fields VALUES (1, 0, 'Front', x'00'), (1, 1, 'back', x'00'), (2, 0, 'Back', x'00'), (2, 1, 'front', x'00');
INSERT INTO tags VALUES ('b', 0, NULL), ('A', 0, NULL), ('C', 0, NULL), ('a2', 0, NULL), ('ß', 0, NULL), ('Z', 0, NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
  INSERT INTO notes SELECT i, hex(randomblob(10)), hex(randomblob(100)), i FROM n;
"""

KINDS = {
    "anki": ANKI,
    "check": "CREATE TABLE t (a text CHECK (own_length(a) > 0)); INSERT INTO t VALUES ('B'), ('a')",
    "index": "CREATE TABLE t (a text); CREATE INDEX i ON t (own_length(a)); INSERT INTO t VALUES ('Bee'), ('a')",
    "partial": "CREATE TABLE t (a text); CREATE INDEX i ON t (a) WHERE own_length(a) > 1; INSERT INTO t VALUES ('Bee'), ('a')",
    "stored": "CREATE TABLE t (a text, b AS (own_length(a)) STORED); INSERT INTO t VALUES ('Bee'), ('a')",
    "virtual": """CREATE TABLE t (a text, b AS (own_length(a)) VIRTUAL NOT NULL); CREATE INDEX i ON t (b);
                  INSERT INTO t VALUES ('Bee'), ('a')""",
    "tokenizer": """CREATE VIRTUAL TABLE t USING fts5 (x); INSERT INTO t VALUES ('some words'); PRAGMA writable_schema = on;
                    UPDATE sqlite_master SET sql = replace(sql, '(x)', '(x, tokenize=''own'')') WHERE name = 't'""",
    "tokenizer3": """CREATE VIRTUAL TABLE t USING fts3 (x); INSERT INTO t VALUES ('some words'); PRAGMA writable_schema = on;
                     UPDATE sqlite_master SET sql = replace(sql, '(x)', '(x, tokenize=own)') WHERE name = 't'""",
    "module": """CREATE VIRTUAL TABLE t USING fts3 (x); INSERT INTO t VALUES ('some words'); PRAGMA writable_schema = on;
                 UPDATE sqlite_master SET sql = replace(sql, 'fts3', 'own') WHERE name = 't'""",
    "newview": """CREATE TABLE t (a text); INSERT INTO t VALUES ('x'); CREATE VIEW v AS SELECT 1; PRAGMA writable_schema = on;
                  UPDATE sqlite_master SET sql = 'CREATE VIEW v AS SELECT string_agg(a, '','' ORDER BY a) FROM t' WHERE name = 'v'""",
    "newtable": """CREATE TABLE t (a text); INSERT INTO t VALUES ('x'); CREATE TABLE u (a text); CREATE INDEX i ON u (a);
                   WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
                     INSERT INTO u SELECT hex(randomblob(9)) FROM n;
                   PRAGMA writable_schema = on;
                   UPDATE sqlite_master SET sql = 'CREATE TABLE u (a text) WITH MAGIC' WHERE name = 'u'""",
    "rows": """CREATE TABLE t (a int CHECK (a > 0)); PRAGMA ignore_check_constraints = on;
               WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) INSERT INTO t SELECT -i FROM n;""",
    "null": """CREATE TABLE t (a int, b text); INSERT INTO t VALUES (NULL, 'x'); PRAGMA writable_schema = on;
               UPDATE sqlite_master SET sql = 'CREATE TABLE t (a int NOT NULL, b text)'""",
    "strict": """CREATE TABLE t (a int); INSERT INTO t VALUES ('x'); PRAGMA writable_schema = on;
                 UPDATE sqlite_master SET sql = 'CREATE TABLE t (a int) STRICT'""",
    "both": """CREATE TABLE t (a int CHECK (a > 0), b text COLLATE unicase, c text CHECK (own_length(c) < 5));
               CREATE UNIQUE INDEX i ON t (b); CREATE TABLE u (x CHECK (x > 0)); PRAGMA ignore_check_constraints = on;
               INSERT INTO t VALUES (-1, 'B', 'longer'), (1, 'a', 'c'); INSERT INTO u VALUES (0)""",
}


def contents(path):
    db = connect(path)
    db.execute("PRAGMA writable_schema = on")  # passes over what this SQLite does not understand
    tables = db.execute("SELECT name, sql FROM sqlite_master ORDER BY 1").fetchall()
    rows = {}
    for name, sql in tables:
        if sql and sql.startswith("CREATE TABLE") and not sql.endswith("MAGIC"):
            rows[name] = db.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
    return tables, rows, db.execute("PRAGMA integrity_check").fetchall()


if sys.argv[1] == "make":
    connection = connect(sys.argv[3])
    connection.executescript(KINDS[sys.argv[2]])
    connection.close()
else:
    one, other = contents(sys.argv[2]), contents(sys.argv[3])
    assert one == other, (one, other)
    print(one[2][0][0])
