"""A program that keeps writing to a SQLite database with the tables `ledger` and `filler`: 250 transactions a second.

    sqlite_writer.py DATABASE

Each transaction adds two rows that cancel out: a copy that has half of one shows it. It makes up for what it was kept from, so
its mean tells. `port 1` says that it is at work; it ends with its standard input.
"""

import select
import sqlite3
import sys
import time

db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("PRAGMA synchronous = OFF")
n = 0
start = time.monotonic()
while not select.select([sys.stdin], [], [], 0)[0]:
    n += 1
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO ledger (amount) VALUES (?)", (n,))
    db.execute("INSERT INTO ledger (amount) VALUES (?)", (-n,))
    db.execute("UPDATE filler SET t = hex(randomblob(150)) WHERE id = ?", (n % 20000,))
    db.execute("COMMIT")
    if n == 20:
        print("port 1", flush=True)
    time.sleep(max(0, start + n / 250 - time.monotonic()))
