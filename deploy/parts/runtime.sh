# shellcheck shell=bash
# Sourced: what a host needs to run built programs, on Debian 12 and 13, and Ubuntu 22.04 and 24.04. Needs parts/processes.sh.

# library_packages SONAME: the packages that may bring it, the newer name first.
library_packages() {
    case $1 in
        libcurl.so.4) printf '%s\n' libcurl4t64 libcurl4 ;;
        libssl.so.3 | libcrypto.so.3) printf '%s\n' libssl3t64 libssl3 ;;
        libz.so.1) printf '%s\n' zlib1g ;;
        libzstd.so.1) printf '%s\n' libzstd1 ;;
        libisal.so.2) printf '%s\n' libisal2 ;;
        libsqlite3.so.0) printf '%s\n' libsqlite3-0 ;;
        libxml2.so.2) printf '%s\n' libxml2 ;;
        libstdc++.so.6) printf '%s\n' libstdc++6 ;;
        libgcc_s.so.1) printf '%s\n' libgcc-s1 ;;
    esac
}

# missing_libraries PROGRAM...: the sonames that are not found here.
missing_libraries() {
    local program
    for program in "$@"; do LC_ALL=C ldd "$program" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'; done | sort -u
}

# library_package SONAME: the one of them that this host's apt knows; fails when it knows none.
library_package() {
    local package policy
    while read -r package; do
        policy=$(LC_ALL=C apt-cache policy "$package" 2>/dev/null) || continue
        if [[ $policy =~ Candidate:\ [^\(] ]]; then
            printf '%s\n' "$package"
            return
        fi
    done < <(library_packages "$1")
    return 1
}

# missing_runtime_packages PROGRAM...: by name, as this host's apt knows them; stops at a library that no known package brings.
missing_runtime_packages() {
    local library
    while read -r library; do
        library_package "$library" ||
            die "$library is not here, and no package that this script knows brings it; install it by hand and run this again. Nothing was changed"
    done < <(missing_libraries "$@") | sort -u || return 1
    # What OpenSSL trusts, and the zones that schedules are in.
    [ -e /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates\n'
    [ -e /usr/share/zoneinfo/Europe/Berlin ] || printf 'tzdata\n'
}

# install_runtime yes|no PROGRAM...: with `no` what is missing is named, and nothing is done.
install_runtime() {
    local install=$1 packages
    shift
    if command -v apt-get >/dev/null 2>&1; then
        # A host that has just been made has no lists yet.
        if [ "$install" = yes ] && [ -n "$(missing_libraries "$@")" ] && [ -z "$(ls /var/lib/apt/lists/*Packages* 2>/dev/null)" ]; then
            root apt-get update -qq -o Acquire::Retries=3
        fi
        packages=$(missing_runtime_packages "$@") || exit 1
        [ -n "$packages" ] || return 0
        packages=$(tr '\n' ' ' <<<"$packages")
        [ "$install" = yes ] || die "this host lacks packages; nothing was changed. Install them: apt-get install ${packages% }"
        say "installing ${packages% }"
        # shellcheck disable=SC2086 # names of packages, split on purpose
        root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 $packages >/dev/null ||
            die "apt-get could not install ${packages% }: no program was changed; run apt-get update, and this again"
    fi
    packages=$(missing_libraries "$@" | tr '\n' ' ')
    [ -z "$packages" ] || die "libraries are missing: ${packages% }; install them and run this again. No program was changed"
}

# tell_database_tools: what backs up PostgreSQL is not ours to choose, for it must be as new as the server.
tell_database_tools() {
    command -v pg_dump >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/pg_dump >/dev/null 2>&1 ||
        say "for PostgreSQL this host needs pg_dump, of the server's version or newer: apt-get install postgresql-client"
}
