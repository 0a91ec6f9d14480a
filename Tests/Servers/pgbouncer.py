"""A real PgBouncer before a PostgreSQL server, as deploy/install-dependencies.sh unpacks it into .build/test-pgbouncer.

    pgbouncer.py SOCKET_FOLDER PORT MODE [TAKES_OPTIONS]

MODE is session or transaction. Every client is the server's superuser. Startup options are refused, as by default, unless
TAKES_OPTIONS is 1.
"""

import os
import pathlib
import pwd
import socket
import subprocess
import sys
import tempfile
import time

program = pathlib.Path(__file__).resolve().parents[2] / ".build/test-pgbouncer/usr/sbin/pgbouncer"
if not program.exists():
    sys.exit("there is no PgBouncer in .build/test-pgbouncer: run deploy/install-dependencies.sh test")
folder, port, mode = sys.argv[1:4]
takes_options = sys.argv[4:] == ["1"]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    own = free.getsockname()[1]
scratch = tempfile.TemporaryDirectory(prefix="test-pgbouncer-")
user = pwd.getpwnam("postgres")
os.chown(scratch.name, user.pw_uid, user.pw_gid)
settings = pathlib.Path(scratch.name) / "pgbouncer.ini"
settings.write_text(
    f"""[databases]
* = host={folder} port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits{",options" if takes_options else ""}
"""
)
settings.chmod(0o644)
process = subprocess.Popen(
    ["setpriv", "--pdeathsig", "KILL", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", program, settings],
    stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr,
)
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", own), timeout=1).close()
        break
    except OSError:
        if process.poll() is not None:
            sys.exit("PgBouncer did not start")
        time.sleep(0.05)
print(f"port {own}", flush=True)
sys.stdin.read()
process.kill()
process.wait()
