#!/usr/bin/env bash
# Installs the programs with their systemd units; starts nothing that is not set up yet. Run again, it upgrades; settings and
# data stay as they are.
#
#   install.sh agent          a database host: holdfast-agent
#   install.sh coordinator    the coordinator's host: holdfast
#   install.sh all            both (the default)
#
# Where the programs come from:
#   --from FILE    a release as deploy/package.sh tarball makes it; needs neither Swift nor a compiler
#   --from FOLDER  the same, unpacked
#   --from [USER@]HOST[:PREFIX]  a host where Holdfast is installed (below /usr/local, or PREFIX), by ssh. What that host says is
#                  its program runs here as root: take a host that you trust as much. HOLDFAST_SSH="ssh -p 2222" changes the command.
#   without        in an unpacked release: that one. In a clone of the sources: an optimised build, ten minutes or so (needs Swift)
#
# Other options: --prefix DIR (default /usr/local), --no-systemd (no units, users or folders, nothing below /etc or /var),
# --no-dependencies (packages that are missing are named, not installed).
#
# Checksums, architecture, libraries, and that the programs run are looked at first: where something is amiss, no program is changed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/parts/processes.sh
. "$here/parts/processes.sh"
# shellcheck source=deploy/parts/release.sh
. "$here/parts/release.sh"
# shellcheck source=deploy/parts/runtime.sh
. "$here/parts/runtime.sh"

prefix=/usr/local what=all systemd=yes dependencies=yes from=''
while [ $# -gt 0 ]; do
    case $1 in
        agent | coordinator | all) what=$1 ;;
        --prefix | --from)
            if [ -z "${2:-}" ]; then die "$1 needs a value; see --help"; fi
            case $1 in
                --prefix) prefix=$2 ;;
                --from) from=$2 ;;
            esac
            shift
            ;;
        --no-systemd) systemd=no ;;
        --no-dependencies) dependencies=no ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
        *) die "unknown argument $1; see --help" ;;
    esac
    shift
done
case $what in
    agent) programs=(holdfast-agent) ;;
    coordinator) programs=(holdfast) ;;
    all) programs=(holdfast holdfast-agent) ;;
esac
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac

scratch=$(mktemp -d)
# Where the prefix is this user's own, nobody else is needed.
existing=$prefix
while [ ! -e "$existing" ]; do existing=$(dirname "$existing"); done
at_prefix=(root)
if [ -w "$existing" ]; then at_prefix=(); fi

put_away() {
    local program
    rm -rf "$scratch"
    for program in "${programs[@]}"; do
        if [ -e "$prefix/bin/$program.new" ]; then "${at_prefix[@]}" rm -f "$prefix/bin/$program.new"; fi
    done
}
trap put_away EXIT
release=$scratch/release

build_here() {
    local bin
    # shellcheck source=deploy/install-dependencies.sh
    . "$here/install-dependencies.sh"
    install_for package
    step "release build (ten minutes or so, the first time)"
    bin=$(build_release "$root_folder" "${programs[@]}") || die "the build failed; nothing was changed"
    lay_out_release "$root_folder" "$bin" "$release" "${programs[@]}"
}

unpack_release() {
    local found
    mkdir "$scratch/unpacked"
    tar --extract --file "$1" --directory "$scratch/unpacked" --no-same-owner 2>/dev/null ||
        die "$1 is no release of Holdfast, or a part of one: it cannot be unpacked; fetch it again. Nothing was changed"
    found=("$scratch"/unpacked/*)
    if [ ${#found[@]} != 1 ] || [ ! -d "${found[0]}" ]; then
        die "$1 is no release of Holdfast: a release is one folder in a tarball. Nothing was changed"
    fi
    release=${found[0]}
}

# What a host has in PREFIX/share/holdfast is the release without its programs.
fetch_release() {
    local host=${1%%:*} remote=/usr/local program
    case $1 in *:*) remote=${1#*:} ;; esac
    [[ $host =~ ^([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*$ && $remote =~ ^/[A-Za-z0-9/._+-]*$ ]] ||
        die "--from $1: no such file or folder, and no name of a host; see --help"
    mkdir -p "$release/bin"
    step "programs of $host"
    on_host() {
        # shellcheck disable=SC2086 # the command has arguments of its own
        ${HOLDFAST_SSH:-ssh} "$host" "$1" </dev/null
    }
    if ! on_host "tar -C $remote/share/holdfast -cf - ." >"$scratch/rest.tar" ||
        ! tar -xf "$scratch/rest.tar" -C "$release" --no-same-owner; then
        die "$host gave no $remote/share/holdfast: ssh has to reach it, and Holdfast has to be installed there, by this script in this version or later. Nothing was changed"
    fi
    for program in "${programs[@]}"; do
        on_host "cat $remote/bin/$program" >"$release/bin/$program" ||
            die "$host gave no $remote/bin/$program; take a host that has it. Nothing was changed"
        chmod 0755 "$release/bin/$program"
    done
}

if [ -n "$from" ]; then
    if [ -d "$from" ]; then
        release=$(cd "$from" && pwd)
    elif [ -f "$from" ]; then
        unpack_release "$from"
    else
        fetch_release "$from"
    fi
elif [ -f "$here/SHA256SUMS" ]; then
    release=$here
else
    build_here
fi

check_release "$release" "${programs[@]}"
install_runtime "$dependencies" "${programs[@]/#/$release/bin/}"
for program in "${programs[@]}"; do
    version=$(release_version "$release/bin/$program") ||
        die "$program does not run on this host; no program was changed. It says: $("$release/bin/$program" --version 2>&1 | head -n 3) (a TMPDIR that is mounted noexec says so, too)"
done

step "install $version into $prefix"
put() { "${at_prefix[@]}" install -D -m "$1" "$2" "$3"; }
for program in "${programs[@]}"; do put 0755 "$release/bin/$program" "$prefix/bin/$program.new"; done
(cd "$release" && find . -type f ! -path './bin/*' -printf '%P\n') | while read -r file; do
    mode=0644
    if [ "$file" = install.sh ]; then mode=0755; fi
    put "$mode" "$release/$file" "$prefix/share/holdfast/$file"
done
for program in "${programs[@]}"; do
    for file in "share/man/man1/$program.1" "$(release_completion "$program" bash)" "$(release_completion "$program" zsh)" \
        "$(release_completion "$program" fish)"; do
        put 0644 "$release/$file" "$prefix/$file"
    done
done
put 0644 "$release/README.md" "$prefix/share/doc/holdfast/README.md"
"${at_prefix[@]}" install -m 0644 -t "$prefix/share/doc/holdfast" "$release"/examples/*
for program in "${programs[@]}"; do
    # A running program cannot be written over, but its name can be given to another file.
    "${at_prefix[@]}" mv -f "$prefix/bin/$program.new" "$prefix/bin/$program"
done

if [ "$systemd" = yes ] && [ -d /run/systemd/system ]; then
    root install -d -m 0755 /etc/holdfast
    for program in "${programs[@]}"; do
        id "$program" >/dev/null 2>&1 ||
            root useradd --system --home-dir "/var/lib/$program" --shell /usr/sbin/nologin "$program"
        root install -d -m 0700 -o "$program" -g "$program" "/var/lib/$program"
        sed "s|/usr/local|$prefix|g" "$release/lib/systemd/system/$program.service" |
            root tee "/etc/systemd/system/$program.service" >/dev/null
    done
    root systemctl daemon-reload
    for program in "${programs[@]}"; do
        # Started again only where it was already at work.
        root systemctl try-restart "$program.service"
    done
else
    say "no systemd: units not installed"
fi

step "what to do next"
for program in "${programs[@]}"; do
    case $program in
        holdfast)
            say "coordinator:"
            say "  sudo -u holdfast $prefix/bin/holdfast init --data-dir /var/lib/holdfast --hostname $(hostname -f 2>/dev/null || hostname) --no-context"
            say "  sudo systemctl enable --now holdfast"
            ;;
        holdfast-agent)
            say "agent:"
            tell_database_tools
            say "  sudo install -m 0640 -g holdfast-agent $prefix/share/doc/holdfast/agent.yaml /etc/holdfast/agent.yaml    and say there what this host has"
            say "  sudo -u holdfast-agent $prefix/bin/holdfast-agent join hf1_…"
            say "  sudo systemctl enable --now holdfast-agent"
            ;;
    esac
done
