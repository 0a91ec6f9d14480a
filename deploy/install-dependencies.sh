#!/usr/bin/env bash
# Installs what a task needs, and only what is missing. Debian 12, Ubuntu 22.04 and 24.04; as root, or by sudo.
#
#   deploy/install-dependencies.sh build    the libraries that Holdfast is compiled against
#   deploy/install-dependencies.sh package  and what makes man pages and a tarball of them
#   deploy/install-dependencies.sh test     and PostgreSQL servers with PostGIS, pg_cron, pointcloud, periods and pgq, SQLite, moto, the AWS CLI, aiosmtpd, Postfix and PgBouncer for the tests
#   deploy/install-dependencies.sh bench    and the compressors that deploy/bench.sh compares with
#
# The Python packages go into .build/test-venv, never into the system. Sourced (by deploy/test.sh), it defines
# `install_for TASK`, which also sets HOLDFAST_PYTHON and PATH.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_folder=$(dirname "$here")
# shellcheck source=deploy/parts/processes.sh
. "$here/parts/processes.sh"
# shellcheck source=deploy/parts/postgres.sh
. "$here/parts/postgres.sh"

build_packages=(
    libcurl4-openssl-dev libssl-dev zlib1g-dev libisal-dev libzstd-dev libsqlite3-dev libxml2-dev pkg-config
    sqlite3 curl openssl ca-certificates tzdata tar gzip procps
)
# runuser, mount and setsid come with util-linux. Programs are shown another time by a library that clang, which comes with Swift,
# makes of a few lines: faketime and strace are not needed.
# radosgw, ceph-mon and ceph-osd: Ceph's S3 gateway, for one process each on the loopback; nothing is started by the packages.
test_packages=(binutils xz-utils radosgw ceph-mon ceph-osd postgresql-client postgresql-contrib zstd age python3 python3-venv util-linux chromium chromium-driver)
package_packages=(binutils python3 xz-utils)
bench_packages=(pigz zstd python3 postgresql-client)

package_is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# What the tests use for the server that is installed: extensions come with its major version in their names.
extension_packages() {
    local major
    major=$("$(postgres_bin)/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    printf '%s\n' "postgresql-$major-postgis-3" "postgresql-$major-cron" "postgresql-$major-pointcloud" \
        "postgresql-$major-periods" "postgresql-$major-pgq3"
}

missing_packages() {
    local package
    for package in "$@"; do
        # Another package may provide the name (postgresql-15 brings the client of its version).
        case $package in
            postgresql-client) command -v pg_dump >/dev/null 2>&1 && continue ;;
            postgresql-contrib) [ -n "$(postgres_bin)" ] && continue ;;
            python3) command -v python3 >/dev/null 2>&1 && continue ;;
            python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;;
        esac
        package_is_installed "$package" || printf '%s\n' "$package"
    done
}

apt_install() {
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

install_packages() {
    local missing
    command -v apt-get >/dev/null 2>&1 || die "this script knows apt-get only; install by hand: $*"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    root apt-get update -qq -o Acquire::Retries=3
    case " ${missing[*]} " in
        # Debian starts a server of its own with the package; the tests make theirs and want no other.
        *" postgresql-contrib "*) without_debians_cluster apt_install "${missing[@]}" ;;
        *) apt_install "${missing[@]}" ;;
    esac
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} = 0 ] || die "still missing after apt-get: ${missing[*]}"
}

without_debians_cluster() {
    local settings=/etc/postgresql-common/createcluster.conf
    apt_install postgresql-common
    root sed -i.before-holdfast '$ a create_main_cluster = false' "$settings"
    "$@"
    root mv "$settings.before-holdfast" "$settings"
}

# The tests' Python packages, in a folder that `swift package clean` leaves and a new clone does not have.
install_python_packages() {
    local venv=$root_folder/.build/test-venv wanted=$here/test-requirements.txt
    if ! cmp -s "$wanted" "$venv/installed.txt"; then
        say "making $venv"
        rm -rf "$venv"
        mkdir -p "$root_folder/.build"
        python3 -m venv "$venv"
        "$venv/bin/python" -m pip install -q --disable-pip-version-check --retries 5 -r "$wanted"
        cp "$wanted" "$venv/installed.txt"
    fi
    export HOLDFAST_PYTHON=$venv/bin/python
    export PATH=$venv/bin:$PATH
}

# Unpacked, not installed: as a package a server would take the place of the machine's own, and start. What libraries it needs are
# installed.
unpack_server() {
    local package=$1 program=$2 folder=$root_folder/.build/test-$1 archive libraries
    [ ! -x "$folder/$program" ] || return 0
    say "unpacking $package into $folder"
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && { apt-get download -qq "$package" 2>/dev/null || { root apt-get update -qq && apt-get download -qq "$package"; }; })
    archive=$(echo "$folder/$package"_*.deb)
    [ -f "$archive" ] || die "apt-get could not download $package"
    mapfile -t libraries < <(dpkg-deb -f "$archive" Depends | tr ',' '\n' | grep -oE '^ *lib[a-z0-9.+-]+' | tr -d ' ')
    install_packages "${libraries[@]}"
    dpkg-deb -x "$archive" "$folder"
    rm "$archive"
}

install_for() {
    local extensions
    command -v swift >/dev/null 2>&1 || die "swift is not in PATH: install Swift 6.2 or later, https://swift.org/install"
    case $1 in
        build) install_packages "${build_packages[@]}" ;;
        package) install_packages "${build_packages[@]}" "${package_packages[@]}" ;;
        test)
            install_packages "${build_packages[@]}" "${test_packages[@]}"
            mapfile -t extensions < <(extension_packages)
            install_packages "${extensions[@]}"
            install_python_packages
            unpack_server postfix usr/lib/postfix/sbin/master
            unpack_server pgbouncer usr/sbin/pgbouncer
            ;;
        bench) install_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}" ;;
        *) die "install what? build, package, test or bench" ;;
    esac
    # The server's programs lie outside PATH on Debian.
    if [ "$1" != build ] && [ "$1" != package ]; then PATH=$PATH:$(postgres_bin); fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    install_for "${1:-build}"
    say "everything that the task '${1:-build}' needs is installed"
fi
