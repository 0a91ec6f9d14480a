# shellcheck shell=bash
# Sourced by the scripts of this folder: talking, waiting with a limit, and processes that are certainly ours.

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# root COMMAND...: runs it as root, directly or by sudo.
root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die "this needs root, and sudo is not here; run as root: $*"
    fi
}

# free_port: a port of 127.0.0.1 that nobody listens on.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        port_is_taken "$port" || {
            printf '%s\n' "$port"
            return
        }
    done
    die "found no free port between 20000 and 32000"
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# await SECONDS WHAT LOGFILE COMMAND...: repeats the command until it succeeds. When time is up, or the command says with
# status 3 that it never will, shows the end of the log and stops.
await() {
    local limit=$1 what=$2 log=$3 end status why=
    shift 3
    end=$((SECONDS + limit))
    until [ -n "$why" ]; do
        status=0
        "$@" >/dev/null 2>&1 || status=$?
        if [ "$status" = 0 ]; then return; fi
        if [ "$status" = 3 ]; then
            why="$what will not come: the process has ended"
        elif [ "$SECONDS" -ge "$end" ]; then
            why="waited $limit s for $what"
        else
            sleep 0.2
        fi
    done
    if [ -s "$log" ]; then
        printf 'the last lines of %s:\n' "$log" >&2
        tail -n 20 "$log" >&2
    fi
    die "$why"
}

# birth PID: when the process began, in ticks since boot; with the pid it names a process for good.
birth() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name stands in parentheses and may hold anything; the fields after it are plain.
    stat=${stat##*) }
    # shellcheck disable=SC2086 # split on purpose
    set -- $stat
    printf '%s\n' "${20}"
}

# cpu_seconds PID: CPU time of the process and its threads so far.
cpu_seconds() {
    local stat
    read -r stat <"/proc/$1/stat" || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086 # split on purpose
    set -- $stat
    awk -v ticks=$((${12} + ${13})) -v hertz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f\n", ticks / hertz }'
}

# start_recorded PIDFILE LOGFILE COMMAND...: starts it in the background, detached, and records who it is.
start_recorded() {
    local file=$1 log=$2
    shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null &
    printf '%s %s\n' "$!" "$(birth "$!")" >"$file"
}

# is_running PIDFILE: the recorded process, and no other that got its number later.
is_running() {
    local pid born
    [ -f "$1" ] && read -r pid born <"$1" && [ -n "$born" ] && [ "$(birth "$pid")" = "$born" ] && ! is_zombie "$pid"
}

is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# stop_recorded PIDFILE [SECONDS]: asks the recorded process to end, and after the limit (40 s) makes it.
stop_recorded() {
    local file=$1 limit=${2:-40} pid end
    if is_running "$file"; then
        read -r pid _ <"$file"
        kill -TERM "$pid" 2>/dev/null || true
        end=$((SECONDS + limit))
        while is_running "$file"; do
            if [ "$SECONDS" -ge "$end" ]; then
                say "process $pid did not end within $limit s; ending it"
                kill -KILL "$pid" 2>/dev/null || true
                break
            fi
            sleep 0.1
        done
    fi
    rm -f "$file"
}

# query FILE SQL: reads a JSON file with SQL, where `items` are the elements of its array.
query() {
    sqlite3 -batch -init /dev/null :memory: \
        "CREATE TEMP VIEW items AS SELECT value FROM json_each(CAST(readfile('${1//\'/\'\'}') AS TEXT)); $2" 2>/dev/null
}
