"""Prints the SQL of the benchmark's database: mixed text, numbers and JSON, in an ordinary application's proportions.

    bench_database.py MEGABYTES | psql -X -q

MEGABYTES is roughly the size of the plain dump. The rows are the same every time, so that figures of different days compare.
"""

import random
import sys
import uuid

megabytes = int(sys.argv[1])
random.seed(20260115)
write = sys.stdout.write

WORDS = ["".join(random.choices("etaoinshrdlucmfw", weights=range(16, 0, -1), k=random.randint(2, 9))) for _ in range(6000)]
WEIGHTS = [1 / (rank + 3) for rank in range(len(WORDS))]
SENTENCES = [" ".join(random.choices(WORDS, WEIGHTS, k=random.randint(6, 18))).capitalize() + "." for _ in range(6000)]
STATES, KINDS = ["new", "paid", "sent", "returned"], ["view", "click", "search", "buy", "leave"]
HEX = [f"{random.getrandbits(128):032x}" for _ in range(4096)]


def table(name, columns, rows):
    """One table, its rows by COPY in the transaction that makes it, so that the server writes no log of them."""
    write(f"BEGIN;\nCREATE TABLE {name} ({columns});\nCOPY {name} FROM STDIN;\n")
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == 2000:
            write("".join(batch))
            batch.clear()
    write("".join(batch) + f"\\.\nALTER TABLE {name} ADD PRIMARY KEY (id);\nCOMMIT;\n")


def customers(count):
    for i in range(1, count + 1):
        a, b = random.choices(WORDS, k=2)
        theme = "dark" if i % 3 else "light"
        yield (f"{i}\t{a.capitalize()} {b.capitalize()}\t{a}.{b}{i}@example.com\t20{15 + i % 10}-0{1 + i % 9}-1{i % 10}\t"
               f"{random.getrandbits(20) / 100}\t" f'{{"theme": "{theme}", "pages": {i % 90}, "beta": {str(i % 7 == 0).lower()}}}\n')


def purchases(count):
    for i in range(1, count + 1):
        bits = random.getrandbits(64)
        yield (f"{i}\t{1 + (bits & 65535)}\t2024-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:{i % 60:02}:{bits % 60:02}+00\t"
               f"{(bits >> 16 & 1048575) / 100}\t{1 + (bits >> 36 & 15)}\t{(bits >> 40) / 16777216:.9f}\t"
               f"{uuid.UUID(int=bits << 64 | i)}\t{STATES[bits & 3]}\n")


def events(count):
    for i in range(1, count + 1):
        bits = random.getrandbits(48)
        yield (f'{i}\t{KINDS[bits % 5]}\t2025-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:{i % 60:02}:{bits % 60:02}.{bits % 1000:03}\t'
               f'{{"session": "{HEX[i // 12 & 4095]}", "path": "/{WORDS[bits & 1023]}/{WORDS[bits >> 10 & 4095]}", '
               f'"ms": {bits >> 22 & 4095}, "agent": "Mozilla/5.0 (X11; Linux x86_64)", "tags": ["{WORDS[bits >> 34 & 255]}", {i % 13}]}}\n')


def articles(count):
    for i in range(1, count + 1):
        title, *body = random.choices(SENTENCES, k=11)
        yield f"{i}\t{title}\t{' '.join(body)}\n"


table("customer", "id bigint, name text NOT NULL, email text NOT NULL, joined date NOT NULL, balance numeric(12, 2), settings jsonb",
      customers(megabytes * 160))
table("purchase", "id bigint, customer bigint NOT NULL, at timestamptz NOT NULL, amount numeric(12, 2) NOT NULL, quantity int NOT NULL, "
      "rate double precision NOT NULL, reference uuid NOT NULL, state text NOT NULL", purchases(megabytes * 2900))
table("event", "id bigint, kind text NOT NULL, at timestamp NOT NULL, payload jsonb NOT NULL", events(megabytes * 1450))
table("article", "id bigint, title text NOT NULL, body text NOT NULL", articles(megabytes * 460))
write("CREATE INDEX ON purchase (customer);\nCREATE INDEX ON event (at);\nANALYZE;\n")
