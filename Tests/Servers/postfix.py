"""A real Postfix on 127.0.0.1 with configuration, queue and mailboxes of its own, and STARTTLS.

    postfix.py --mailbox NAME [--mailbox NAME]...

Prints `mail FOLDER`: what comes for NAME@example.com lands in FOLDER/NAME (mbox). Every other address is refused with 550, as
Postfix does it. Needs root, as Postfix does, and the programs that deploy/install-dependencies.sh unpacks below
.build/test-postfix.
"""

import argparse
import grp
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import tempfile
import time

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--mailbox", action="append", required=True)
serving.add_certificate_options(parser)
arguments = parser.parse_args()

programs = pathlib.Path(__file__).resolve().parents[2] / ".build/test-postfix/usr"
scratch = tempfile.TemporaryDirectory(prefix="test-postfix-")
root = pathlib.Path(scratch.name)
cert, key = serving.certificate(arguments)
# An account that is in no use, and a group that is not its own: Postfix insists on both.
owner, group = "uucp", "news"
uid, gid = pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

MAIN = f"""compatibility_level = 3.5
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = {programs}/sbin
daemon_directory = {programs}/lib/postfix/sbin
shlib_directory = {programs}/lib/postfix
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
export_environment = LD_LIBRARY_PATH MAIL_CONFIG
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
maillog_file = {root}/log
maillog_file_prefixes = {root}
myhostname = mail.example.com
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = inline:{{ {" ".join(f"{{ {name}@example.com = {name} }}" for name in arguments.mailbox)} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_delay_reject = no
"""

MASTER = f"""127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

os.chmod(root, 0o755)
settings = root / "etc"
settings.mkdir()
(settings / "main.cf").write_text(MAIN)
(settings / "master.cf").write_text(MASTER)
queue = root / "queue"
for folder in ["queue", "queue/pid"]:
    (root / folder).mkdir()
owned = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]
for folder in ["data", "mail"] + [f"queue/{name}" for name in owned]:
    (root / folder).mkdir(mode=0o700)
    os.chown(root / folder, uid, gid)
for folder, mode in [("maildrop", 0o730), ("public", 0o710)]:
    (queue / folder).mkdir()
    os.chown(queue / folder, uid, grp.getgrnam(group).gr_gid)
    os.chmod(queue / folder, mode)

environment = {"LD_LIBRARY_PATH": f"{programs}/lib/postfix", "MAIL_CONFIG": str(settings), "PATH": os.environ["PATH"]}
# -d: it stays ours. A group of its own, which its children are in too.
master = subprocess.Popen(
    [programs / "lib/postfix/sbin/master", "-c", str(settings), "-d"], env=environment, start_new_session=True,
    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def stop():
    """It ends its children with itself."""
    if master.poll() is None:
        os.killpg(master.pid, signal.SIGTERM)
        try:
            master.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(master.pid, signal.SIGKILL)
    scratch.cleanup()


def wait():
    """Until it greets."""
    for _ in range(600):
        if master.poll() is not None:
            log = root / "log"
            raise SystemExit(f"postfix ended with {master.returncode}: {log.read_text() if log.exists() else 'no log'}")
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as line:
                if line.recv(3) == b"220":
                    return
        except OSError:
            pass
        time.sleep(0.05)
    stop()
    raise SystemExit("postfix did not greet within 30 seconds")


wait()
serving.say(f"mail {root}/mail")
serving.serve_until_stdin_closes(port, stop)
