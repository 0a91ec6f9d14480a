#!/usr/bin/env bash
# Installs what the tests need, builds once, and runs every test. A tool that is missing is an error, never a skip.
#
#   deploy/test.sh                          every test
#   deploy/test.sh --filter StorageTests    what `swift test` takes
#
# HOLDFAST_TEST_FLOOR=N: fail when fewer than N tests ran. HOLDFAST_VECTORS=FOLDER: the public signing vectors
# (../shared/vectors); without them, and only then, the tests that read them are skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "${1:-}" in -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' deploy/test.sh && exit ;; esac
# shellcheck source=deploy/install-dependencies.sh
. deploy/install-dependencies.sh
install_for test

missing=()
for tool in initdb pg_ctl postgres psql pg_dump pg_dumpall pg_restore sqlite3 clang tar gzip xz zstd strip readelf openssl curl aws moto_server \
    mount runuser chromium chromedriver "$HOLDFAST_PYTHON"; do
    command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
done
[ ${#missing[@]} = 0 ] || die "the tests need these, and they are not here: ${missing[*]}"
"$HOLDFAST_PYTHON" -c 'import moto.moto_server.werkzeug_app, boto3, aiosmtpd' || die "delete .build/test-venv and try again"
if [ "$(id -u)" = 0 ]; then id postgres >/dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no user postgres"; fi

export HOLDFAST_VECTORS=${HOLDFAST_VECTORS:-$(cd .. && pwd)/shared/vectors}
[ -d "$HOLDFAST_VECTORS" ] || say "no signing vectors at $HOLDFAST_VECTORS: the tests that read them will say that they were skipped"

step "build"
swift build --build-tests || die "the build failed"
log=.build/test.log
status=0
step "test"
# One at a time: most start servers and whole fleets, and on two cores what they time out on must be a fault, not a crowd.
swift test --skip-build --no-parallel "$@" 2>&1 | tee "$log" || status=$?

# Swift Testing closes with "Test run with 123 tests in 4 suites passed after 5.6 seconds."
ran=$(sed -n 's/.*Test run with \([0-9]\{1,\}\) test.*/\1/p' "$log" | tail -n 1)
skipped=$(grep -E '(Test|Suite) .* skipped' "$log" || true)
if [ ! -d "$HOLDFAST_VECTORS" ]; then skipped=$(grep -v 'vectors' <<<"$skipped" || true); fi
if [ -n "$skipped" ]; then
    printf 'skipped:\n%s\n' "$skipped" >&2
    die "tests were skipped; what they need must be here"
fi
if [ "$status" != 0 ]; then
    # Once more at the end: a log of 600 tests is cut by whoever keeps it, and never here.
    grep -E '^(✘|↳)|error: ' "$log" | head -n 100 >&2 || true
    die "tests failed, see $log"
fi
[ "${ran:-0}" -gt 0 ] || die "no test ran"
[ "$ran" -ge "${HOLDFAST_TEST_FLOOR:-1}" ] || die "only $ran tests ran, expected at least $HOLDFAST_TEST_FLOOR"
say "$ran tests passed"
