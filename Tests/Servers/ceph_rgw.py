"""Ceph's S3 gateway over a cluster of one monitor and one object daemon in memory, all on 127.0.0.1.

    ceph_rgw.py [--bucket NAME]

Its only user has the access key `ID` and the secret `SECRET`. Needs `radosgw`, `ceph-mon` and `ceph-osd` (apt).
"""

import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
import uuid

import boto3
import serving
from botocore.config import Config

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bucket", default="bucket")
arguments = parser.parse_args()

CONFIGURATION = """[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = {root}/keyring
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data = {root}/mon
osd data = {root}/osd
run dir = {root}/run
admin socket = {root}/run/$name.$pid.asok
log file = {root}/$name.log
pid file =
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw run sync thread = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw thread pool size = 16
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


root = tempfile.mkdtemp(prefix="ceph-rgw-")
for name in ("mon", "osd", "run"):
    os.mkdir(f"{root}/{name}")
monitor, gateway, fsid, osd = free_port(), free_port(), str(uuid.uuid4()), str(uuid.uuid4())
configuration = f"{root}/ceph.conf"
with open(configuration, "w") as file:
    file.write(CONFIGURATION.format(root=root, fsid=fsid, monitor=monitor, gateway=gateway))
children = []


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def start(*command):
    """It ends with this process, also where that is killed."""
    children.append(subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)))


def at_end():
    for child in reversed(children):
        child.kill()
        child.wait()
    shutil.rmtree(root, ignore_errors=True)


keyring = f"{root}/keyring"
run("ceph-authtool", keyring, "--create-keyring", "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
for name in ("client.admin", "client.rgw", "osd.0"):
    run("ceph-authtool", keyring, "--gen-key", "-n", name, "--cap", "mon", "allow *", "--cap", "osd", "allow *")
run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor}]", f"{root}/monmap")
run("ceph-mon", "-c", configuration, "--mkfs", "-i", "a", "--monmap", f"{root}/monmap", "--keyring", keyring)
start("ceph-mon", "-c", configuration, "-i", "a", "-f")
run("ceph", "-c", configuration, "osd", "new", osd, "0")
run("ceph-osd", "-c", configuration, "-i", "0", "--mkfs", "--osd-uuid", osd)
start("ceph-osd", "-c", configuration, "-i", "0", "-f")
start("radosgw", "-c", configuration, "-n", "client.rgw", "-f")
for _ in range(1200):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{gateway}/", timeout=5).read()
        break
    except OSError:
        time.sleep(0.1)
run("radosgw-admin", "-c", configuration, "-n", "client.rgw", "user", "create", "--uid=test", "--display-name=test",
    "--access-key=ID", "--secret-key=SECRET")
boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{gateway}", region_name="us-east-1", aws_access_key_id="ID",
    aws_secret_access_key="SECRET", config=Config(s3={"addressing_style": "path"})).create_bucket(Bucket=arguments.bucket)
serving.serve_until_stdin_closes(gateway, at_end)
