# shellcheck shell=bash
# Sourced: a PostgreSQL server of our own in a scratch folder, beside whatever this machine runs. Needs processes.sh.

# postgres_bin: the folder with initdb and pg_ctl of the newest installed version.
postgres_bin() {
    local found
    # Where Debian, then where PostgreSQL's own packages put it.
    found=$(find /usr/lib/postgresql /usr/pgsql-* -maxdepth 3 -name initdb -path '*/bin/*' 2>/dev/null | sort -V |
        tail -n 1) || true
    if [ -n "$found" ]; then
        dirname "$found"
    elif command -v initdb >/dev/null 2>&1; then
        dirname "$(readlink -f "$(command -v initdb)")"
    else
        return 1
    fi
}

# as_postgres COMMAND...: the server refuses to run as root, so there it runs as user postgres.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

# start_postgres FOLDER PORT [SETTING=VALUE...]: superuser postgres, trusted from 127.0.0.1 and from the socket in FOLDER.
start_postgres() {
    local folder=$1 port=$2 bin setting
    shift 2
    bin=$(postgres_bin) || die "found no PostgreSQL server; run deploy/install-dependencies.sh test"
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" ||
        die "initdb failed, see $folder/initdb.log"
    {
        printf "listen_addresses = '127.0.0.1'\nport = %s\nunix_socket_directories = '%s'\n" "$port" "$folder"
        printf "fsync = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\n"
        for setting in "$@"; do printf '%s\n' "$setting"; done
    } | as_postgres tee -a "$folder/data/postgresql.conf" >/dev/null
    as_postgres "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 60 start >/dev/null || {
        tail -n 20 "$folder/server.log" >&2
        die "PostgreSQL did not start in $folder"
    }
}

stop_postgres() {
    [ -f "$1/data/postmaster.pid" ] || return 0
    as_postgres "$(postgres_bin)/pg_ctl" -D "$1/data" -m immediate -w -t 60 stop >/dev/null || true
}
