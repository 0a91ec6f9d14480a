"""What a database, a SQLite file or a file tree holds, found without any of Holdfast, and how two of them differ.

    truth.py take postgres DATABASE OUT    as libpq's environment says where
    truth.py take sqlite FILE OUT
    truth.py take tree FOLDER OUT          as root, or less is seen
    truth.py compare ONE OTHER             prints JSON: how many facts differ, and which
    truth.py compare ONE OTHER strangers   of databases, but for whose something is, and what the database itself is set to

A truth is a list of facts, each a key and a value, in a file.
"""

import json
import sys

import truth_postgres
import truth_sqlite
import truth_tree

KINDS = {"postgres": truth_postgres.facts, "sqlite": truth_sqlite.facts, "tree": truth_tree.facts}


def compare(one, other):
    """Keys that only one has, or that have different values."""
    differences = []
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            before, after = (str(x.get(key, "nothing")) for x in (one, other))
            if len(before) + len(after) > 300:  # where they part
                at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
                start = max(0, at - 60)
                before, after = (f"…{x[start:at + 100]}… ({len(x)})" for x in (before, after))
            differences.append({"key": key, "before": before, "after": after})
    return differences


if sys.argv[1] == "take":
    found = KINDS[sys.argv[2]](sys.argv[3])
    assert found, "there is nothing"
    with open(sys.argv[4], "w") as out:
        json.dump(found, out)
    print(len(found))
else:
    with open(sys.argv[2]) as one, open(sys.argv[3]) as other:
        truths = [json.load(one), json.load(other)]
    if "strangers" in sys.argv:
        truths = [truth_postgres.without_owners(truth) for truth in truths]
    differences = compare(*truths)
    print(json.dumps({"count": len(differences), "differences": differences[:200]}))
