#!/usr/bin/env bash
# Makes a release: one file that installs both programs on a host without Swift and without this clone.
#
#   deploy/package.sh tarball [--configuration release|debug] [--from-build FOLDER] [--output FILE]
#
# --configuration   what to build (default release: optimised, and the Swift libraries go into the programs)
# --from-build      takes the programs `holdfast` and `holdfast-agent` of this folder instead of building
# --output          default .build/holdfast-VERSION-linux-ARCHITECTURE.tar.gz; with a name in .xz half as large, for hosts that have xz
#
# On the host: tar xf FILE && sudo ./holdfast-*/install.sh agent       (deploy/parts/release.sh says what lies in it)
# The same programs give the same file, byte for byte. Its time is the last commit's, or SOURCE_DATE_EPOCH.
set -euo pipefail
clone=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/install-dependencies.sh
. "$clone/deploy/install-dependencies.sh"
# shellcheck source=deploy/parts/release.sh
. "$clone/deploy/parts/release.sh"

what='' configuration=release from='' output=''
while [ $# -gt 0 ]; do
    case $1 in
        tarball) what=$1 ;;
        --configuration | --from-build | --output)
            [ $# -ge 2 ] || die "$1 needs a value; see --help"
            case $1 in
                --configuration) configuration=$2 ;;
                --from-build) from=$2 ;;
                --output) output=$2 ;;
            esac
            shift
            ;;
        -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
        *) die "unknown argument $1; see --help" ;;
    esac
    shift
done
[ "$what" = tarball ] || die "package what? tarball; see --help"
case $configuration in release | debug) ;; *) die "--configuration is release or debug, not $configuration" ;; esac

programs=(holdfast holdfast-agent)
if [ -z "$from" ]; then
    install_for package
    step "$configuration build (twenty minutes or so, the first time)"
    if [ "$configuration" = release ]; then
        from=$(build_release "$clone" "${programs[@]}") || die "the build failed"
    else
        swift build --package-path "$clone" || die "the build failed"
        from=$(swift build --package-path "$clone" --show-bin-path)
    fi
fi
for tool in strip python3 sha256sum tar gzip xz; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is not here: run deploy/install-dependencies.sh package"
done
from=$(cd "$from" && pwd) || die "there is no folder of programs: build first, or leave --from-build out"

version='' architecture=''
for program in "${programs[@]}"; do
    [ -x "$from/$program" ] || die "$from has no program $program; build both, or leave --from-build out"
    one=$(release_version "$from/$program") || die "$from/$program does not run here, or says no version: try $from/$program --version"
    [ -z "$version" ] || [ "$version" = "$one" ] || die "the programs are of two versions, $version and $one; build both anew"
    version=$one
    architecture=$(elf_architecture "$from/$program") || die "$from/$program is no program of Linux"
done

name=holdfast-$version-linux-$architecture
output=${output:-$clone/.build/$name.tar.gz}
folder=$(mktemp -d)
trap 'rm -rf "$folder" "$output.new"' EXIT
step "$name"
lay_out_release "$clone" "$from" "$folder/$name" "${programs[@]}"

moment=${SOURCE_DATE_EPOCH:-$(git -C "$clone" log -1 --format=%ct 2>/dev/null || printf 0)}
# A debug build is for trying, and large.
level=9
if [ "$configuration" = debug ]; then level=1; fi
compress=(gzip -n "-$level")
case $output in *.xz) compress=(xz "-$level" --threads=1) ;; esac
mkdir -p "$(dirname "$output")"
tar --create --directory "$folder" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$moment" "$name" |
    "${compress[@]}" >"$output.new"
mv -f "$output.new" "$output"

for program in "${programs[@]}"; do
    say "$(printf '%-16s %6.1f MB, as built %.1f MB' "$program" \
        "$(stat -c %s "$folder/$name/bin/$program")e-6" "$(stat -c %s "$from/$program")e-6")"
done
say "$(printf '%-16s %6.1f MB  %s' tarball "$(stat -c %s "$output")e-6" "$output")"
