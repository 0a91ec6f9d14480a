"""The facts of a PostgreSQL database: what pg_dump says of it, a digest of each table's rows and of each large object, and what the
server keeps of the database itself. All in the database's own encoding, as bytes."""

import re
import subprocess

DIGESTS = r"""
SELECT format($q$SELECT 'rows of %s', count(*) || ' rows, ' || coalesce(md5(string_agg(h, '' ORDER BY h COLLATE "C")), '')
  FROM (SELECT md5(t::text) AS h FROM ONLY %s t) x$q$, replace(c.oid::regclass::text, '''', ''''''), c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)' ORDER BY c.oid::regclass::text COLLATE "C" \gexec
SELECT 'large object ' || oid, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid;
"""

PROPERTIES = r"""
SELECT 'database', to_jsonb(d) - '{oid,datname,datdba,dattablespace,datfrozenxid,datminmxid,datacl,datlastsysoid}'::text[]
  FROM pg_database d WHERE datname = current_database();
SELECT 'owner', datdba::regrole FROM pg_database WHERE datname = current_database();
SELECT 'tablespace', spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database();
SELECT 'right', json_agg(x ORDER BY x) FROM (
  SELECT format('%s %s %s', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable) x
  FROM pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = current_database()) y;
SELECT 'settings of ' || CASE setrole WHEN 0 THEN 'all' ELSE setrole::regrole::text END, to_json(setconfig)
  FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database() ORDER BY 1;
SELECT 'comment', to_json(shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = current_database();
SELECT 'label ' || provider, to_json(label) FROM pg_shseclabel l JOIN pg_database d ON d.oid = objoid
  WHERE classoid = 'pg_database'::regclass AND datname = current_database();
"""


def run(*command, text=""):
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, (command, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def named(database):
    """So that no name is read as more than a name."""
    return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'"


def answers(database, sql):
    # What a database sets for its sessions is not for this one.
    begin = "SET statement_timeout = 0; SET search_path = ''; SET extra_float_digits = 3;\n"
    words = run("psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d", named(database), text=begin + sql)
    return [line.split("\x1f", 1) for line in words.decode("utf-8", "backslashreplace").split("\n") if line]


def dump(database):
    """Item by item, as pg_dump's comments divide them. Order within an item counts, that of the items does not."""
    text = re.sub(rb"(?m)^\\(un)?restrict .*\n", b"", run("pg_dump", "-d", named(database)))
    found = {}
    for item in re.split(rb"(?m)^--\n-- (?=(?:Data for )?Name: )", text):
        head, _, body = item.decode("utf-8", "backslashreplace").partition("\n")
        key = "dump: " + (head if found else "beginning")
        found[key] = found.get(key, "") + body
    return found


def facts(database):
    found = dump(database)
    for key, value in answers(database, DIGESTS) + answers(database, PROPERTIES):
        found[key] = found[key] + "; " + value if key in found else value
    return found


def without_owners(truth):
    """Without owners and their own rights, and without what the database itself is set to. Rights that others have stay."""
    found = {}
    for key, value in truth.items():
        if key in ("owner", "right", "database") or key.startswith("settings of "):
            continue
        key, *owner = re.split(r"; Owner: ", key)
        name = re.escape(owner[0].split(";")[0]) if owner else "nobody"
        value = re.sub(r"FOR ROLE \"?" + name + r"\"? ", "FOR ROLE its owner ", value)
        # The schema public is an item only where its owner is not PostgreSQL's own.
        own = r"ALTER .* OWNER TO |(GRANT|REVOKE) .* (TO|FROM) \"?" + name + r"\"?;$"
        own += r"|-- \*not\* creating schema|-- PostgreSQL database dump complete|--$"
        lines = [line for line in value.split("\n") if line and not re.match(own, line)]
        # What an extension granted stands there anew when its schema has another owner: nobody has more or less.
        granted = {line[len("GRANT "):].replace(" TO ", " FROM ") for line in lines if line.startswith("GRANT ")}
        revoked = {line[len("REVOKE "):] for line in lines if line.startswith("REVOKE ")}
        both = granted & revoked
        lines = [line for line in lines if not any(line.endswith(x) or line.endswith(x.replace(" FROM ", " TO ")) for x in both)]
        lines = [line for line in lines if not re.match(r"REVOKE ALL ON SCHEMA .* FROM postgres;$", line)]
        if lines:
            found[key] = found.get(key, "") + "\n".join(lines)
    return found
