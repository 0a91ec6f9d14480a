#!/usr/bin/env bash
# From a clone to a proven backup on this machine: installs what is missing, builds, starts a coordinator and an agent on
# loopback, backs up a small SQLite database (and PostgreSQL, if one answers here), verifies, restores beside, compares.
# No account, bucket or configuration; everything lies in one folder. Run again, it does so again.
#
#   deploy/quickstart.sh [--dir FOLDER]           default ~/.local/share/holdfast-quickstart
#   deploy/quickstart.sh --stop [--dir FOLDER]    ends what it started; the folder stays
set -euo pipefail
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/install-dependencies.sh
. "$clone/deploy/install-dependencies.sh"

standard=${XDG_DATA_HOME:-${HOME:-/tmp}/.local/share}/holdfast-quickstart
dir=$standard
stop=no
while [ $# -gt 0 ]; do
    case $1 in
        --stop) stop=yes ;;
        --dir)
            [ $# -ge 2 ] || die "--dir needs a folder"
            dir=$2
            shift
            ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
        *) die "unknown argument $1; see --help" ;;
    esac
    shift
done
mkdir -p "$dir" && dir=$(cd "$dir" && pwd)

# One at a time in one folder.
exec {lock}>"$dir/.lock"
flock -n "$lock" || die "another quickstart is at work in $dir"

# What the caller's shell has exported for another coordinator would win over this folder's own context.
unset HOLDFAST_URL HOLDFAST_TOKEN HOLDFAST_CA

stop_both() {
    stop_recorded "$dir/agent.pid"
    stop_recorded "$dir/coordinator.pid"
}
if [ "$stop" = yes ]; then
    stop_both
    say "stopped; the data is still in $dir"
    exit
fi

hint() {
    local status=$?
    if [ "$status" != 0 ]; then say "to begin again from nothing: $0 --stop --dir $dir && rm -rf $dir" >&2; fi
}
trap hint EXIT

step "what this machine needs"
install_for build
say "all there"

step "build"
# A debug build is the quicker one from nothing; an optimised one that is there already is used instead.
configuration=debug
if [ -x "$clone/.build/release/holdfast" ] && [ -x "$clone/.build/release/holdfast-agent" ]; then configuration=release; fi
say "swift build -c $configuration (the first one takes some minutes)"
began=$SECONDS
swift build --package-path "$clone" -c "$configuration" {lock}>&- || die "the build failed"
bin=$(swift build --package-path "$clone" -c "$configuration" --show-bin-path)
say "built in $((SECONDS - began)) s"

stop_both
folder_of_agent=$dir/agent
folder_of_coordinator=$dir/coordinator
databases=$dir/databases
mkdir -p "$databases" "$dir/reports"
chmod 700 "$dir"

# The operator's own settings stay out of this, and this stays out of them.
for name in $(compgen -e | grep -E '^(HOLDFAST_|BACKUP_|AWS_)' || true); do unset "$name"; done
export XDG_CONFIG_HOME=$dir/config

step "databases"
sqlite3 -batch "$databases/shop.db" >/dev/null <<'SQL'
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, joined TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS purchase (
    id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, cents INTEGER NOT NULL, note TEXT, photo BLOB) STRICT;
CREATE INDEX IF NOT EXISTS purchase_customer ON purchase (customer);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO customer (name, joined) SELECT 'Zoë Müller ' || i, datetime('2026-01-01', i || ' minutes') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO purchase (customer, cents, note, photo)
SELECT 1 + i % 500, abs(random()) % 100000, CASE i % 3 WHEN 0 THEN NULL ELSE 'line one' || char(10) || 'ünï ' || i END, randomblob(40) FROM n;
SQL
say "SQLite: $databases/shop.db, $(sqlite3 "$databases/shop.db" 'SELECT count(*) FROM purchase') purchases"

postgres=''
if command -v psql >/dev/null 2>&1 && command -v pg_dump >/dev/null 2>&1 &&
    psql -XAtwq -d postgres -c 'SELECT 1' >/dev/null 2>&1; then
    if [ -z "$(psql -XAtwq -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'holdfast_quickstart'")" ]; then
        psql -XAtwq -d postgres -c 'CREATE DATABASE holdfast_quickstart' || true
    fi
    if psql -XAtwq -d holdfast_quickstart -v ON_ERROR_STOP=1 >/dev/null 2>"$dir/postgres.log" <<'SQL'; then
CREATE TABLE IF NOT EXISTS purchase (id bigserial PRIMARY KEY, amount numeric(12, 2), note text, facts jsonb, at timestamptz DEFAULT now());
INSERT INTO purchase (amount, note, facts)
SELECT i * 1.25, 'ünï ' || i, jsonb_build_object('i', i, 'tags', array['a', 'b']) FROM generate_series(1, 5000) AS i;
SQL
        host=${PGHOST:-$(psql -XAtwq -d postgres -c "SELECT split_part(current_setting('unix_socket_directories'), ',', 1)")}
        port=$(psql -XAtwq -d postgres -c 'SHOW port')
        user=$(psql -XAtwq -d postgres -c 'SELECT current_user')
        postgres="postgresql:///holdfast_quickstart?host=${host//\//%2F}&port=${PGPORT:-$port}&user=$user"
        say "PostgreSQL: holdfast_quickstart on ${host}, port ${PGPORT:-$port}"
    else
        say "PostgreSQL answers, but takes no database from this user (see $dir/postgres.log): left out"
    fi
else
    say "no PostgreSQL answers here without a password: SQLite only"
fi

{
    printf 'databases:\n'
    printf '  - { name: shop, sqlite: "%s", labels: { env: quickstart } }\n' "$databases/shop.db"
    if [ -n "$postgres" ]; then
        printf '  - { name: holdfast_quickstart, url: "%s", labels: { env: quickstart } }\n' "$postgres"
    fi
    printf '  - { name: settings, application: { paths: ["%s"] }, labels: { env: quickstart } }\n' "$dir/settings"
} >"$dir/agent.yaml"
mkdir -p "$dir/settings" && printf 'colour = green\n' >"$dir/settings/shop.conf"

step "coordinator"
# The agent knows its coordinator by address, so a folder keeps its port. If someone else has it now, the folder starts anew.
if [ -f "$dir/port" ] && port_is_taken "$(cat "$dir/port")"; then
    old=$dir/earlier-$(date +%Y%m%d-%H%M%S)
    say "port $(cat "$dir/port") belongs to someone else by now; what was here moves to $old"
    mkdir "$old" && mv "$folder_of_coordinator" "$folder_of_agent" "$dir/port" "$old/" 2>/dev/null || true
fi
[ -f "$dir/port" ] || free_port >"$dir/port"
port=$(cat "$dir/port")
url=https://localhost:$port
if [ ! -f "$dir/config/holdfast/context.json" ]; then rm -rf "$folder_of_coordinator"; fi
if [ ! -d "$folder_of_coordinator" ]; then
    rm -rf "$folder_of_agent" # it would belong to a coordinator that is no more
    "$bin/holdfast" init --data-dir "$folder_of_coordinator" --hostname localhost --url "$url" 2>/dev/null || {
        rm -rf "$folder_of_coordinator"
        die "holdfast init failed"
    }
fi
# What the operator types later, with the settings of this quickstart and of no other coordinator.
printf '#!/bin/sh\nunset HOLDFAST_URL HOLDFAST_TOKEN HOLDFAST_CA\nXDG_CONFIG_HOME="%s/config" exec "%s/holdfast" "$@"\n' "$dir" "$bin" >"$dir/holdfast"
chmod 700 "$dir/holdfast"
start_recorded "$dir/coordinator.pid" "$dir/coordinator.log" \
    "$bin/holdfast" serve --data-dir "$folder_of_coordinator" --listen "127.0.0.1:$port" --url "$url" {lock}>&-
coordinator_answers() {
    is_running "$dir/coordinator.pid" || return 3
    curl -fsS --max-time 2 --cacert "$folder_of_coordinator/ca.pem" "$url/health"
}
await 60 "the coordinator to answer" "$dir/coordinator.log" coordinator_answers
say "listens at $url"

step "agent"
if [ ! -d "$folder_of_agent" ]; then
    join=$("$bin/holdfast" token create --url "$url" | grep -o 'hf1_[A-Za-z0-9_-]*' | head -n 1) || die "holdfast token create printed no join string"
    say "holdfast-agent join hf1_…"
    "$bin/holdfast-agent" join "$join" --name "$(hostname -s 2>/dev/null | tr '[:upper:]' '[:lower:]' || echo quickstart)" \
        --data-dir "$folder_of_agent" --config "$dir/agent.yaml" || { rm -rf "$folder_of_agent" && die "joining failed"; }
fi
start_recorded "$dir/agent.pid" "$dir/agent.log" \
    "$bin/holdfast-agent" run --config "$dir/agent.yaml" --data-dir "$folder_of_agent" {lock}>&-
wanted=2
if [ -n "$postgres" ]; then wanted=3; fi
databases_are_known() {
    is_running "$dir/agent.pid" || return 3
    "$bin/holdfast" database list -o json >"$dir/reports/databases.json" &&
        [ "$(query "$dir/reports/databases.json" 'SELECT count(*) FROM items')" -ge "$wanted" ] &&
        "$bin/holdfast" agent list -o json >"$dir/reports/agents.json" &&
        [ "$(query "$dir/reports/agents.json" "SELECT count(*) FROM items WHERE json_extract(value, '$.state') = 'online'")" -ge 1 ]
}
await 90 "the agent to be seen with its $wanted databases" "$dir/agent.log" databases_are_known
say "joined, and known with its $wanted databases"

step "backup"
report=$dir/reports/backup-$(date +%Y%m%d-%H%M%S).json
# After a pause the agent first makes up for what it missed, and a database has one run at a time: then once more.
tries=3
until timeout 300 "$bin/holdfast" backup create --type all --wait --output "$report"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || die "the backup failed; see $dir/agent.log"
    say "once more"
    sleep 5
done

# newest DATABASE: the id of its newest good backup.
newest() {
    "$bin/holdfast" backup list --database "$1" -o json >"$dir/reports/backups-$1.json"
    query "$dir/reports/backups-$1.json" \
        "SELECT json_extract(value, '$.id') FROM items WHERE json_extract(value, '$.state') = 'good'
         ORDER BY json_extract(value, '$.finishedAt') DESC LIMIT 1"
}

step "verify"
names=(shop settings)
if [ -n "$postgres" ]; then names+=(holdfast_quickstart); fi
for name in "${names[@]}"; do
    id=$(newest "$name")
    [ -n "$id" ] || die "no backup of $name is listed"
    timeout 300 "$bin/holdfast" backup verify "$id" || die "the backup of $name did not verify"
done

step "restore beside, and compare"
stamp=$(date -u +%Y%m%d_%H%M%S)
restored=$databases/shop_restored_$stamp.db
timeout 300 "$bin/holdfast" restore "$(newest shop)" --to "$restored" || die "the restore failed; see $dir/agent.log"
[ "$(sqlite3 "$restored" 'PRAGMA integrity_check')" = ok ] || die "$restored is damaged"
cmp <(sqlite3 "$databases/shop.db" .dump) <(sqlite3 "$restored" .dump) || die "$restored differs from the source"
say "SQLite: the source and $restored are identical (.dump)"
if [ -n "$postgres" ]; then
    copy=holdfast_quickstart_restored_$stamp
    timeout 300 "$bin/holdfast" restore "$(newest holdfast_quickstart)" --to "$copy" || die "the restore failed; see $dir/agent.log"
    cmp <(pg_dump -w --restrict-key=x holdfast_quickstart 2>/dev/null || pg_dump -w holdfast_quickstart) \
        <(pg_dump -w --restrict-key=x "$copy" 2>/dev/null || pg_dump -w "$copy") || die "database $copy differs from the source"
    psql -XAtwq -d postgres -c "DROP DATABASE $copy"
    say "PostgreSQL: the source and its restore are identical (pg_dump); the restore is dropped again"
fi
# What earlier runs restored has served; the newest stays to look at.
find "$databases" -maxdepth 1 -name 'shop_restored_*' ! -name "$(basename "$restored")*" -delete

step "holdfast status"
"$bin/holdfast" status

cat <<EOF2

Both programs go on, and back up by schedule (every half hour). To look around:

    alias holdfast=$dir/holdfast

    holdfast backup list                holdfast restore              (asks what, then YES)
    holdfast schedule next              holdfast cleanup --dry-run
    holdfast backup create --wait       holdfast --help

    the status page: $url/ (its authority is $folder_of_coordinator/ca.pem; sign in with the token in
                     $dir/config/holdfast/context.json)
    the backups:     $folder_of_agent/backups
    logs:            $dir/coordinator.log, $dir/agent.log

To end it: $clone/deploy/quickstart.sh --stop$(if [ "$dir" != "$standard" ]; then printf ' --dir %s' "$dir"; fi)
EOF2
