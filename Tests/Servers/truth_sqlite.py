"""The facts of a SQLite file: its schema and every row, read without the collations and functions of its own program, and the
bytes of its pages as SQLite's online backup copies them."""

import hashlib
import os
import re
import sqlite3
import tempfile

# Of the header: write and read version (WAL or not), the change counter, and the version that wrote last.
CHANGING = [18, 19, 24, 25, 26, 27, 92, 93, 94, 95, 96, 97, 98, 99]


def stand_in(db):
    """Calls whatever collation or function is asked for by the schema by its name."""
    schema = "\n".join(row[0] or "" for row in db.execute("SELECT sql FROM sqlite_master"))
    for name in set(re.findall(r"(?i)COLLATE\s+[\"'`\[]?(\w+)", schema)) - {"BINARY", "NOCASE", "RTRIM"}:
        db.create_collation(name, lambda a, b: (a > b) - (a < b))


def columns(db, table):
    """Those that are stored; a virtual column is made by its program."""
    quoted = table.replace('"', '""')
    found = db.execute(f'PRAGMA table_xinfo("{quoted}")').fetchall()
    return ['"' + row[1].replace('"', '""') + '"' for row in found if row[6] != 2]


def rows(db, table, quoted, names):
    hashed, count = [], 0
    for row in db.execute(f'SELECT {", ".join(names)} FROM "{quoted}"'):
        hashed.append(hashlib.sha256(repr([(type(x).__name__, x) for x in row]).encode()).digest())
        count += 1
    return f"{count} rows, {hashlib.sha256(b''.join(sorted(hashed))).hexdigest()}"


def facts(path):
    found = {}
    db = sqlite3.connect("file:" + path.replace("%", "%25").replace("?", "%3f").replace("#", "%23") + "?mode=ro", uri=True)
    db.text_factory = bytes
    names = db.execute("SELECT CAST(type AS text), name, tbl_name, sql, CAST(rootpage AS text) FROM sqlite_master").fetchall()
    db.text_factory = lambda b: b.decode("utf-8", "backslashreplace")
    stand_in(db)
    for kind, name, table, sql, _ in names:
        found[f"schema {kind.decode()} {name!r}"] = f"{table!r} {sql!r}"
    for kind, name, _, sql, root in names:
        if kind != b"table" or root in (b"0", None):  # a virtual table: its rows are in its own tables
            continue
        table = name.decode()
        quoted = table.replace('"', '""')
        try:
            found[f"rows of {table}"] = rows(db, table, quoted, columns(db, table))
        except sqlite3.Error as error:
            found[f"rows of {table}"] = f"cannot be read: {error}"
    for pragma in ["user_version", "application_id", "encoding", "page_size", "auto_vacuum", "page_count"]:
        found[pragma] = str(db.execute(f"PRAGMA {pragma}").fetchone()[0])
    with tempfile.TemporaryDirectory() as folder:
        copy = sqlite3.connect(os.path.join(folder, "copy"))
        db.backup(copy)
        copy.close()
        with open(os.path.join(folder, "copy"), "rb") as file:
            pages = bytearray(file.read())
    for at in CHANGING:
        pages[at] = 0
    found["pages"] = hashlib.sha256(pages).hexdigest()
    db.close()
    return found
