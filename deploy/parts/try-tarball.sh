#!/usr/bin/env bash
# Tries a release where it is meant to be used: on a bare system without Swift or a compiler, made by debootstrap. Installs from the
# tarball alone, makes a coordinator, lets a host join, backs up a SQLite database, verifies, restores and compares it.
#
#   deploy/parts/try-tarball.sh TARBALL bookworm|trixie|noble|… [--mirror URL] [--keyring FILE] [--tree FOLDER]
#
# As root. --tree keeps the bare system for the next time (a copy of it is used); else it is made anew and removed. Not part of
# deploy/test.sh: it takes minutes, and needs a mirror.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/parts/processes.sh
. "$here/processes.sh"

case "${1:-}" in -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;; esac
[ $# -ge 2 ] || die "which tarball, and which suite? see --help"
tarball=$1 suite=$2 mirror='' keyring='' tree=''
shift 2
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || die "$1 needs a value; see --help"
    case $1 in
        --mirror) mirror=$2 ;;
        --keyring) keyring=$2 ;;
        --tree) tree=$2 ;;
        *) die "unknown argument $1; see --help" ;;
    esac
    shift 2
done
[ "$(id -u)" = 0 ] || die "debootstrap and chroot need root"
[ -f "$tarball" ] || die "there is no file $tarball; make it with deploy/package.sh tarball"
command -v debootstrap >/dev/null 2>&1 || die "debootstrap is not here: apt-get install debootstrap"

# What is mounted below is mounted in a namespace of its own, and goes with it.
if [ "${HOLDFAST_TRY_INSIDE:-}" != yes ]; then
    options=()
    [ -z "$mirror" ] || options+=(--mirror "$mirror")
    [ -z "$keyring" ] || options+=(--keyring "$keyring")
    [ -z "$tree" ] || options+=(--tree "$tree")
    HOLDFAST_TRY_INSIDE=yes exec unshare --mount --pid --fork --kill-child "$0" "$tarball" "$suite" "${options[@]}"
fi
mount --make-rprivate /

scratch=$(mktemp -d)
trap 'umount -l "$scratch/root/proc" "$scratch/root/dev" 2>/dev/null; rm -rf --one-file-system "$scratch"' EXIT
root=$scratch/root
if [ ! -e "$tree/etc/debian_version" ] || [ -z "$tree" ]; then
    step "bare $suite"
    script=()
    # An older debootstrap does not know the newest names of Ubuntu; the one script does for all of them.
    if [ ! -e "/usr/share/debootstrap/scripts/$suite" ]; then
        mirror=${mirror:-http://archive.ubuntu.com/ubuntu}
        script=(/usr/share/debootstrap/scripts/jammy)
    fi
    components=main
    case $mirror in *ubuntu*) components=main,universe ;; esac
    options=(--variant=minbase "--components=$components")
    [ -z "$keyring" ] || options+=("--keyring=$keyring")
    where=()
    [ -z "$mirror" ] || where=("$mirror" "${script[@]}")
    debootstrap "${options[@]}" "$suite" "${tree:-$root}" "${where[@]}" >"$scratch/log" 2>&1 ||
        { tail -n 5 "$scratch/log" >&2; die "debootstrap of $suite failed"; }
fi
if [ -n "$tree" ]; then cp -a "$tree" "$root"; fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$tarball" "$root/root/"
install -m 0755 "$here/try-tarball-inside.sh" "$root/root/try.sh"

inside() { env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb chroot "$root" "$@"; }
step "in the bare system"
inside bash /root/try.sh "/root/${tarball##*/}"
