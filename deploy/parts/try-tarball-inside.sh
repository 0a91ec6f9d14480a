#!/usr/bin/env bash
# What try-tarball.sh does in the bare system, which has this file and the tarball and nothing else of ours.
set -euo pipefail
cd /root
tar xf "$1"
release=$(echo holdfast-*)
# shellcheck source=deploy/parts/processes.sh
. "$release/parts/processes.sh"

# shellcheck disable=SC1091
. /etc/os-release
say "$PRETTY_NAME"
for tool in swift clang gcc cc git; do ! command -v "$tool" >/dev/null || die "this system is not bare: it has $tool"; done
before=$(dpkg-query -f '${Package}\n' -W | sort)

"$release/install.sh" all
say "packages that it took: $(comm -13 <(printf '%s\n' "$before") <(dpkg-query -f '${Package}\n' -W | sort) | tr '\n' ' ')"
for program in holdfast holdfast-agent; do
    say "$program: $("$program" --version), $(stat -c %s "/usr/local/bin/$program" | numfmt --to=si)"
done

# For the sample only; the agent has SQLite of its own.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sqlite3 >/dev/null
sqlite3 shop.db "CREATE TABLE purchase (id INTEGER PRIMARY KEY, note TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO purchase SELECT i, 'ünï ' || i FROM n"

port=$(free_port)
holdfast init --data-dir /root/coordinator --hostname localhost --url "https://localhost:$port" >/dev/null 2>&1
holdfast serve --data-dir /root/coordinator --listen "127.0.0.1:$port" >coordinator.log 2>&1 &
coordinator=$!
# Processes end with the namespace, too; this is for their last words.
trap 'kill $coordinator ${agent:-} 2>/dev/null; wait; [ "$done" = yes ] || tail -n 20 coordinator.log agent.log 2>/dev/null' EXIT
done=no
await 30 "the coordinator" coordinator.log holdfast status
printf 'databases:\n  - { name: shop, sqlite: /root/shop.db }\n' >agent.yaml
holdfast-agent join "$(holdfast token create -o json | sed -n 's/.*"join" *: *"\([^"]*\)".*/\1/p')" --name db-01 --data-dir /root/agent --config agent.yaml
holdfast-agent run --data-dir /root/agent --config agent.yaml >agent.log 2>&1 &
agent=$!
has_shop() { holdfast database list | grep -q shop; }
await 30 "the database" agent.log has_shop
holdfast backup create --database shop --wait
holdfast backup list
id=$(holdfast backup list | sed -n 's/^\([0-9a-f]\{8\}\) .*/\1/p' | head -n 1)
holdfast backup verify "$id"
holdfast restore "$id"
restored=$(echo /root/shop.db_restored_*)
cmp <(sqlite3 shop.db .dump) <(sqlite3 "$restored" .dump) || die "what was restored differs"
say "restored and the same: $(sqlite3 "$restored" 'SELECT count(*) FROM purchase') rows in $restored"

# An upgrade in place, of programs that run.
"$release/install.sh" all --no-dependencies >/dev/null
holdfast status >/dev/null
done=yes
say "tried: $PRETTY_NAME"
