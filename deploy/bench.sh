#!/usr/bin/env bash
# How fast Holdfast is beside stock pipelines, on this machine, in one run: everything in turn, several rounds, as ratios.
#
#   deploy/bench.sh [--size-mb 1550] [--small-mb 150] [--rounds 3] [--dir FOLDER] [--skip-build] [--only backup|pair|memory|restore|inspect]
#
# Makes its own PostgreSQL server and its database (--size-mb is the plain dump; the database on disk is a third bigger), a
# coordinator, an agent, and an S3 stand-in over TLS, all on loopback, all in --dir (default: a new folder in TMPDIR); removes
# them at the end. Needs about 6 times --size-mb of disk. The stand-in shares the processor with what is measured, so its CPU
# time is printed by itself. 1550 is the database of the design's goals; 2 cores are what they are meant for.
# `--only pair` is bare pg_dump and ours in turn, and nothing else.
set -euo pipefail
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/install-dependencies.sh
. "$clone/deploy/install-dependencies.sh"

size=1550 small=150 rounds=3 dir='' build=yes only=all
while [ $# -gt 0 ]; do
    case $1 in
        --size-mb | --small-mb | --rounds | --dir | --only)
            [ $# -ge 2 ] || die "$1 needs a value"
            case $1 in
                --size-mb) size=$2 ;;
                --small-mb) small=$2 ;;
                --rounds) rounds=$2 ;;
                --dir) dir=$2 ;;
                --only) only=$2 ;;
            esac
            shift
            ;;
        --skip-build) build=no ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
        *) die "unknown argument $1; see --help" ;;
    esac
    shift
done
case $only in all | backup | pair | memory | restore | inspect) ;; *) die "--only what? backup, pair, memory, restore or inspect" ;; esac
wants() { [ "$only" = all ] || [ "$only" = "$1" ]; }

install_for bench
if [ "$build" = yes ]; then
    step "release build"
    for product in holdfast holdfast-agent; do swift build --package-path "$clone" -c release --product "$product"; done
fi
bin=$(swift build --package-path "$clone" -c release --show-bin-path)
[ -x "$bin/holdfast" ] && [ -x "$bin/holdfast-agent" ] || die "no release build in $bin"

if [ -z "$dir" ]; then
    dir=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-bench.XXXXXX")
else
    mkdir -p "$dir" && dir=$(cd "$dir" && pwd)
    [ -z "$(ls -A "$dir")" ] || die "$dir is not empty"
fi
chmod 755 "$dir" # the server runs as another user when we are root
sink=''
clean_up() {
    stop_recorded "$dir/agent.pid" 20
    stop_recorded "$dir/coordinator.pid" 20
    if [ -n "$sink" ]; then exec {sink}>&-; fi
    stop_postgres "$dir/postgres"
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
for name in $(compgen -e | grep -E '^(HOLDFAST_|BACKUP_|AWS_|PG)' || true); do unset "$name"; done

step "the database"
port=$(free_port)
start_postgres "$dir/postgres" "$port" "shared_buffers = 512MB" "max_wal_size = 8GB" "checkpoint_timeout = 1h" "autovacuum = off"
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres
make_database() { # NAME MEGABYTES
    psql -Xq -d postgres -c "CREATE DATABASE $1"
    python3 "$clone/deploy/parts/bench_database.py" "$2" | psql -Xq -d "$1" -v ON_ERROR_STOP=1
    psql -Xq -d "$1" -c "CHECKPOINT"
    say "$1: $(psql -XAtq -d "$1" -c "SELECT pg_size_pretty(pg_database_size('$1'))") on disk, $(pg_dump "$1" | wc -c) bytes of plain dump"
}
began=$SECONDS
make_database bench "$size"
make_database bench_small "$small"
say "made in $((SECONDS - began)) s; PostgreSQL $(psql -XAtq -d bench -c 'SHOW server_version'), $(nproc) cores"

# --- Figures: one file a name, one line a round.
figures=$dir/figures
mkdir "$figures"
note() { printf '%s\n' "$2" >>"$figures/$1"; }
# timed NAME COMMAND...: notes the seconds it took.
timed() {
    local name=$1 began=$EPOCHREALTIME
    shift
    "$@" || die "$name failed"
    note "$name" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }')"
}
# summary FILE: median (min..max)
summary() {
    sort -g "$1" | awk '{ v[NR] = $1 } END {
        m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
        printf "%8.2f  (%.2f..%.2f)", m, v[1], v[NR] }'
}
# ratio NAME BASE: NAME / BASE, round by round.
ratio() { paste "$figures/$1" "$figures/$2" | awk '{ print $1 / $2 }' >"$figures/ratio"; summary "$figures/ratio"; }
# row TITLE NAME BASE
row() { printf '%-52s %s   %s\n' "$1" "$(summary "$figures/$2")" "$(ratio "$2" "$3")"; }

# --- What stands beside what. Each writes what the stock pipeline would, to the same disk.
out=$dir/out
bare() { pg_dump bench >/dev/null; }
gzip6() { pg_dump bench | gzip -6 >"$out"; }
custom() { pg_dump -Fc -f "$out" bench; }
pigz2() { pg_dump bench | pigz -p 2 >"$out"; }
directory() { pg_dump -Fd -j 2 -f "$out" bench; }
zstd2() { pg_dump bench | zstd -q -3 -T2 -o "$out"; }

start_fleet() {
    local word value ca=''
    step "coordinator, agent, and S3 over TLS"
    coproc SINK { exec python3 "$clone/Tests/Servers/s3_sink.py"; }
    # shellcheck disable=SC2153 # coproc sets both
    sink=${SINK[1]} sink_pid=$SINK_PID
    while read -r word value <&"${SINK[0]}"; do
        case $word in
            ca) ca=$value ;;
            port) sink_port=$value && break ;;
        esac
    done
    [ -n "${sink_port:-}" ] || die "the S3 stand-in did not start"

    cat >"$dir/fleet.yaml" <<YAML
destinations:
  sink: { s3: { bucket: bench, region: us-east-1, endpoint: "https://localhost:$sink_port", caFile: "$ca" } }
policies:
  bench:
    selector: { env: bench }
    tiers:
      monthly: { schedule: "7 3 29 2 *", keep: 12mo } # falls due on a leap day: not while this runs
    destinations: [sink]
    compression: gzip
YAML
    local database
    printf 'allow: { directories: ["%s"] }\ndatabases:\n' "$dir" >"$dir/agent.yaml"
    for database in bench bench_small; do
        printf '  - { name: %s, url: "postgresql://postgres@127.0.0.1:%s/%s", labels: { env: bench } }\n' \
            "$database" "$port" "$database" >>"$dir/agent.yaml"
    done
    local url
    url=https://localhost:$(free_port)
    export XDG_CONFIG_HOME=$dir/config AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench
    "$bin/holdfast" init --data-dir "$dir/coordinator" --hostname localhost --url "$url" >"$dir/init.log" 2>&1 ||
        die "$(cat "$dir/init.log")"
    start_recorded "$dir/coordinator.pid" "$dir/coordinator.log" \
        "$bin/holdfast" serve --data-dir "$dir/coordinator" --listen "127.0.0.1:${url##*:}" --url "$url"
    await 30 "the coordinator" "$dir/coordinator.log" \
        curl -fsS --cacert "$dir/coordinator/ca.pem" "$url/health"
    "$bin/holdfast" apply -f "$dir/fleet.yaml"
    "$bin/holdfast-agent" join "$("$bin/holdfast" token create --url "$url" | grep -o 'hf1_[A-Za-z0-9_-]*' | head -n 1)" \
        --name bench --data-dir "$dir/agent" --config "$dir/agent.yaml"
    start_agent
}
start_agent() {
    stop_recorded "$dir/agent.pid"
    start_recorded "$dir/agent.pid" "$dir/agent.log" \
        "$bin/holdfast-agent" run --config "$dir/agent.yaml" --data-dir "$dir/agent"
    read -r agent_pid _ <"$dir/agent.pid"
    await 60 "the agent to be seen" "$dir/agent.log" agent_is_seen
}
agent_is_seen() {
    is_running "$dir/agent.pid" || return 3
    "$bin/holdfast" agent list -o json >"$dir/agents.json" && "$bin/holdfast" database list -o json >"$dir/databases.json" &&
        [ "$(query "$dir/agents.json" "SELECT count(*) FROM items WHERE json_extract(value, '$.state') = 'online'")" = 1 ] &&
        [ "$(query "$dir/databases.json" "SELECT count(*) FROM items WHERE json_array_length(value, '$.policies') > 0")" = 2 ]
}
# backup DATABASE: by hand, from the command to its answer that all is confirmed.
backup() {
    "$bin/holdfast" backup create --type database --tier manual --database "$1" --wait >"$dir/backup.log" 2>&1 || {
        cat "$dir/backup.log" >&2
        return 1
    }
}
peak_of_agent() { awk '/^VmHWM/ { printf "%.1f\n", $2 / 1024 }' "/proc/$agent_pid/status"; }

if wants backup || wants pair || wants memory || wants restore; then start_fleet; fi

if wants backup || wants pair; then
    stocks=(gzip6 custom pigz2 directory zstd2)
    if [ "$only" = pair ]; then stocks=(); fi
    step "backup: $rounds rounds, each everything in turn"
    bare # warms the page cache, and is not counted
    for round in $(seq "$rounds"); do
        say "round $round"
        # Ours beside the bare dump: a machine whose speed drifts must not come between the two.
        timed bare bare
        agent_cpu=$(cpu_seconds "$agent_pid") sink_cpu=$(cpu_seconds "$sink_pid")
        timed ours backup bench
        note agent.cpu "$(awk -v a="$agent_cpu" -v b="$(cpu_seconds "$agent_pid")" 'BEGIN { print b - a }')"
        note sink.cpu "$(awk -v a="$sink_cpu" -v b="$(cpu_seconds "$sink_pid")" 'BEGIN { print b - a }')"
        "$bin/holdfast" backup list --database bench -o json >"$dir/backups.json"
        note ours.run "$(query "$dir/backups.json" "SELECT round((julianday(json_extract(value, '$.finishedAt'))
            - julianday(json_extract(value, '$.startedAt'))) * 86400, 3) FROM items LIMIT 1")"
        for stock in "${stocks[@]}"; do
            timed "$stock" "$stock"
            note "$stock.bytes" "$(du -sb "$out" | cut -f 1)"
            rm -rf "$out"
        done
    done
    printf '\n%-52s %s   %s\n' "" "seconds: median (min..max)" "against pg_dump >/dev/null"
    row "pg_dump >/dev/null" bare bare
    if wants backup; then
        row "pg_dump | gzip -6 >file" gzip6 bare
        row "pg_dump -Fc" custom bare
        row "pg_dump | pigz -p2 >file" pigz2 bare
        row "pg_dump -Fd -j2" directory bare
        row "pg_dump | zstd -3 -T2 >file" zstd2 bare
    fi
    row "holdfast: inspect, gzip, hash, S3 over TLS, confirm" ours bare
    row "  of which between the run's own start and end" ours.run bare
    printf '%-52s %s\n' "CPU seconds of the agent (pg_dump apart)" "$(summary "$figures/agent.cpu")"
    printf '%-52s %s\n' "CPU seconds of the S3 stand-in" "$(summary "$figures/sink.cpu")"
    if wants backup; then
        printf '%-52s %s\n' "holdfast against pg_dump | gzip -6, times as fast" "$(ratio gzip6 ours)"
        query "$dir/backups.json" "SELECT printf('%-52s %8.2f  (gzip -6: %.2f)', 'plain bytes / stored bytes',
            json_extract(value, '$.plainBytes') * 1.0 / json_extract(value, '$.storedBytes'),
            json_extract(value, '$.plainBytes') * 1.0 / $(tail -n 1 "$figures/gzip6.bytes")) FROM items LIMIT 1"
    fi
fi

if wants memory; then
    step "peak memory of an agent's whole life, MiB (goal: 128 at most, whatever the size)"
    for database in bench_small bench; do
        start_agent
        peak_of_agent >"$figures/idle"
        backup "$database" || die "the backup of $database failed"
        printf '%-52s %8.1f  (before it: %.1f)\n' "one backup of $database" "$(peak_of_agent)" "$(cat "$figures/idle")"
    done
fi

if wants restore; then
    step "restore: $rounds rounds"
    # A backup of our own, in a directory: both restore the same file.
    cat >"$dir/fleet-local.yaml" <<YAML
destinations:
  local: { directory: "$dir/local" }
policies:
  bench:
    selector: { env: bench }
    tiers:
      monthly: { schedule: "7 3 29 2 *", keep: 12mo }
YAML
    "$bin/holdfast" apply -f "$dir/fleet-local.yaml"
    start_agent
    backup bench || die "the backup to a directory failed"
    manifest=$(find "$dir/local" -name 'bench_db_*.json')
    dump=$(find "$dir/local" -name 'bench_db_*.sql.gz' ! -name '*_globals*')
    [ -f "$manifest" ] && [ -f "$dump" ] || die "no backup lies in $dir/local"
    stock_restore() { gunzip -c "$dump" | psql -Xq -v ON_ERROR_STOP=1 -d restored >/dev/null; }
    our_restore() {
        "$bin/holdfast-agent" restore "$manifest" --url "postgresql://postgres@127.0.0.1:$port/postgres" --to restored_ours \
            --config "$dir/agent.yaml" --data-dir "$dir/agent" >"$dir/restore.log" 2>&1 || { cat "$dir/restore.log" >&2 && return 1; }
    }
    for round in $(seq "$rounds"); do
        say "round $round"
        psql -Xq -d postgres -c 'CREATE DATABASE restored' -c CHECKPOINT
        timed restore.stock stock_restore
        psql -Xq -d postgres -c 'DROP DATABASE restored' -c CHECKPOINT
        timed restore.ours our_restore
        psql -Xq -d postgres -c 'DROP DATABASE restored_ours' -c CHECKPOINT
    done
    printf '\n%-52s %s   %s\n' "" "seconds: median (min..max)" "against gunzip | psql"
    row "gunzip | psql" restore.stock restore.stock
    row "holdfast-agent restore" restore.ours restore.stock
fi

if wants inspect; then
    step "inspect alone: $rounds rounds, from memory, MB a second (goal: 1000 at least)"
    pg_dump bench >"$dir/bench.sql"
    cat "$dir/bench.sql" >/dev/null
    if "$bin/holdfast-agent" bench-inspect "$dir/bench.sql" >"$dir/speed" 2>/dev/null; then
        for _ in $(seq "$rounds"); do
            # Prints one number: megabytes a second, without the reading of the file.
            note inspect "$("$bin/holdfast-agent" bench-inspect "$dir/bench.sql")"
        done
        printf '%-52s %s\n' "holdfast-agent bench-inspect" "$(summary "$figures/inspect")"
    else
        say "not measured: this build of holdfast-agent has no bench-inspect"
    fi
fi
