#!/usr/bin/env bash
# Builds optimised programs and installs them with their systemd units; starts nothing that is not set up yet.
#
#   deploy/install.sh agent          a database host: holdfast-agent
#   deploy/install.sh coordinator    the coordinator's host: holdfast
#   deploy/install.sh all            both (the default)
#
# Options: --prefix DIR (default /usr/local), --no-systemd. Run again, it upgrades; settings and data stay as they are.
set -euo pipefail
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/install-dependencies.sh
. "$clone/deploy/install-dependencies.sh"

prefix=/usr/local what=all systemd=yes
while [ $# -gt 0 ]; do
    case $1 in
        agent | coordinator | all) what=$1 ;;
        --prefix)
            [ $# -ge 2 ] || die "--prefix needs a folder"
            prefix=$2
            shift
            ;;
        --no-systemd) systemd=no ;;
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

install_for build
step "release build (ten minutes or so, the first time)"
# The Swift libraries go into the programs: the hosts they run on need no Swift.
for program in "${programs[@]}"; do
    swift build --package-path "$clone" -c release --static-swift-stdlib --product "$program"
done
bin=$(swift build --package-path "$clone" -c release --show-bin-path)

step "install into $prefix"
for program in "${programs[@]}"; do
    # A running program cannot be written over, but its name can be given to another file.
    root install -D -m 0755 "$bin/$program" "$prefix/bin/$program.new"
    root mv -f "$prefix/bin/$program.new" "$prefix/bin/$program"
done
root install -D -m 0644 "$clone/README.md" "$prefix/share/doc/holdfast/README.md"
root install -m 0644 -t "$prefix/share/doc/holdfast" "$clone"/deploy/examples/*

if [ "$systemd" = yes ] && [ -d /run/systemd/system ]; then
    root install -d -m 0755 /etc/holdfast
    for program in "${programs[@]}"; do
        id "$program" >/dev/null 2>&1 ||
            root useradd --system --home-dir "/var/lib/$program" --shell /usr/sbin/nologin "$program"
        root install -d -m 0700 -o "$program" -g "$program" "/var/lib/$program"
        sed "s|/usr/local|$prefix|g" "$clone/deploy/systemd/$program.service" |
            root tee "/etc/systemd/system/$program.service" >/dev/null
    done
    root systemctl daemon-reload
    for program in "${programs[@]}"; do
        # Started again only where it was already at work.
        root systemctl try-restart "$program.service"
    done
else
    say "no systemd here: units not installed"
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
            say "  sudo install -m 0640 -g holdfast-agent $prefix/share/doc/holdfast/agent.yaml /etc/holdfast/agent.yaml    and say there what this host has"
            say "  sudo -u holdfast-agent $prefix/bin/holdfast-agent join hf1_…"
            say "  sudo systemctl enable --now holdfast-agent"
            ;;
    esac
done
