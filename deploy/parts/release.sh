# shellcheck shell=bash
# Sourced: how a release lies in its folder, which is the same in the tarball and, without the programs, in PREFIX/share/holdfast:
#
#   install.sh, parts/            what installs it; needs neither Swift nor a clone
#   bin/                          the programs
#   lib/systemd/system/           their units, for /usr/local
#   share/                        man pages and completions for bash, zsh and fish
#   examples/, README.md, …       what to read
#   SHA256SUMS                    of every other file
#
# Needs parts/processes.sh.

# elf_architecture FILE: as `uname -m` names it; fails when that is no program of Linux.
elf_architecture() {
    local machine
    [ "$(head -c 4 "$1" 2>/dev/null | od -An -c | tr -d ' \n')" = '177ELF' ] || return 1
    machine=$(od -An -tu1 -j18 -N2 "$1" | tr -s ' ' | sed 's/^ //;s/ *$//')
    case $machine in
        '62 0') printf 'x86_64\n' ;;
        '183 0') printf 'aarch64\n' ;;
        *) printf 'machine-%s\n' "${machine%% *}" ;;
    esac
}

# release_version PROGRAM: what its --version says, which is the only place where the version stands.
release_version() {
    local text
    text=$("$1" --version 2>/dev/null) || return 1
    [[ ${text##* } =~ ^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$ ]] || return 1
    printf '%s\n' "${text##* }"
}

# release_completion PROGRAM SHELL: where a shell looks for it, below a prefix.
release_completion() {
    case $2 in
        bash) printf 'share/bash-completion/completions/%s\n' "$1" ;;
        zsh) printf 'share/zsh/site-functions/_%s\n' "$1" ;;
        fish) printf 'share/fish/vendor_completions.d/%s.fish\n' "$1" ;;
    esac
}

# build_release CLONE PROGRAM...: optimised, and with the Swift libraries in them: the hosts they run on need no Swift. Prints nothing
# on stdout but, last, the folder of the programs.
build_release() {
    local clone=$1 program library wrap flags=(-c release --static-swift-stdlib -Xswiftc -gnone)
    shift
    library=$(dirname "$(readlink -f "$(command -v swift)")")/../lib/swift_static/linux/lib_FoundationICU.a
    mkdir -p "$clone/.build"
    if wrap=$(python3 "$clone/deploy/parts/icu_data.py" "$library" "$clone/.build/icu-data.o"); then
        flags+=(-Xlinker "$wrap" -Xlinker "$clone/.build/icu-data.o")
    fi
    for program in "$@"; do swift build --package-path "$clone" "${flags[@]}" --product "$program" >&2 || return 1; done
    swift build --package-path "$clone" -c release --show-bin-path
}

# lay_out_release CLONE BIN FOLDER PROGRAM...: makes the folder from built programs, stripped, and what a clone has.
lay_out_release() {
    local clone=$1 bin=$2 folder=$3 program shell file
    shift 3
    mkdir -p "$folder"/{bin,parts,examples,lib/systemd/system,share/man/man1}
    for program in "$@"; do
        strip --strip-all -o "$folder/bin/$program" "$bin/$program"
        chmod 0755 "$folder/bin/$program"
        cp "$clone/deploy/systemd/$program.service" "$folder/lib/systemd/system/"
        python3 "$clone/deploy/parts/man_page.py" "$bin/$program" >"$folder/share/man/man1/$program.1"
        for shell in bash zsh fish; do
            file=$folder/$(release_completion "$program" "$shell")
            mkdir -p "${file%/*}"
            "$bin/$program" --generate-completion-script "$shell" >"$file"
        done
    done
    cp "$clone/deploy/install.sh" "$folder/"
    for file in processes release runtime; do cp "$clone/deploy/parts/$file.sh" "$folder/parts/"; done
    cp "$clone"/deploy/examples/* "$folder/examples/"
    cp "$clone"/{README.md,CHANGELOG.md,LICENSE} "$folder/"
    # Whatever umask this was made with.
    find "$folder" -type d -exec chmod 0755 {} +
    find "$folder" -type f ! -path '*/bin/*' ! -name install.sh -exec chmod 0644 {} +
    chmod 0755 "$folder/install.sh"
    (cd "$folder" && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum) >"$folder.sums"
    mv "$folder.sums" "$folder/SHA256SUMS"
    chmod 0644 "$folder/SHA256SUMS"
}

# check_release FOLDER PROGRAM...: stops unless it is a whole release with these programs, for this machine. Changes nothing.
check_release() {
    local folder=$1 program architecture wanted bad
    shift
    [ -f "$folder/SHA256SUMS" ] || die "this is no release of Holdfast: it has no SHA256SUMS; make one with deploy/package.sh tarball"
    for program in "$@"; do
        [ -f "$folder/bin/$program" ] || die "the release has no bin/$program; take one that has"
        grep -qE "^[0-9a-f]{64} [ *]bin/$program\$" "$folder/SHA256SUMS" || die "SHA256SUMS does not name bin/$program: the release was made without it, or changed; take another. Nothing was changed"
    done
    # Of a host that has one program the other is not there.
    wanted=$(grep -vE '^[0-9a-f]{64} [ *]bin/' "$folder/SHA256SUMS" || true)
    for program in "$@"; do wanted+=$'\n'$(grep -E " [ *]bin/$program\$" "$folder/SHA256SUMS"); done
    bad=$(cd "$folder" && sed '/^$/d' <<<"$wanted" | LC_ALL=C sha256sum --check --strict --quiet 2>&1) ||
        die "the release is damaged, nothing was changed ($(head -n 3 <<<"$bad" | tr '\n' ';')); fetch it again"
    for program in "$@"; do
        architecture=$(elf_architecture "$folder/bin/$program") || die "bin/$program is no program of Linux; take another release"
        [ "$architecture" = "$(uname -m)" ] ||
            die "the programs are for $architecture, and this machine is $(uname -m); take the release for it. Nothing was changed"
    done
}
