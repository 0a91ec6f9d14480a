"""OpenStack Swift with its S3 interface: proxy, account, container and (in memory) object servers in one process.

    openstack_swift.py [--bucket NAME]

Its only user has the access key `ID:ID` and the secret `SECRET`. Real Swift code (PyPI `swift`), on 127.0.0.1 only.
"""

import argparse
import array
import os
import shutil
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

import eventlet  # noqa: E402

eventlet.monkey_patch()

import boto3  # noqa: E402
import serving  # noqa: E402
from botocore.config import Config  # noqa: E402
from eventlet import tpool, wsgi  # noqa: E402
from swift.account.server import AccountController  # noqa: E402
from swift.common import storage_policy, utils  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402
from swift.container.server import ContainerController  # noqa: E402
from swift.obj.mem_server import ObjectController  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bucket", default="bucket")
arguments = parser.parse_args()

PROXY = """[DEFAULT]
swift_dir = {root}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth copy slo symlink versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:tempauth]
use = egg:swift#tempauth
user_ID_ID = SECRET .admin .reseller_admin
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
""" + "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in ("catch_errors", "s3api", "copy", "slo", "symlink"))


class Nowhere:
    def write(self, *_):
        pass

    def flush(self):
        pass


root = tempfile.mkdtemp(prefix="openstack-swift-")
os.makedirs(f"{root}/devices/disk")
with open(f"{root}/swift.conf", "w") as file:
    file.write("[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = only\ndefault = yes\n")
with open(f"{root}/proxy.conf", "w") as file:
    file.write(PROXY.format(root=root))
utils.HASH_PATH_SUFFIX, utils.HASH_PATH_PREFIX = b"test", b""
utils.SWIFT_CONF_FILE = f"{root}/swift.conf"
storage_policy.reload_storage_policies()

settings = {"swift_dir": root, "devices": f"{root}/devices", "mount_check": "false", "fallocate_reserve": "0"}
for name, server in [("account", AccountController), ("container", ContainerController), ("object", ObjectController)]:
    listener = eventlet.listen(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    device = {
        "id": 0, "zone": 0, "region": 1, "device": "disk", "weight": 1.0, "meta": "", "ip": "127.0.0.1", "port": port,
        "replication_ip": "127.0.0.1", "replication_port": port}
    RingData([array.array("H", [0])], [device], 32).save(f"{root}/{name}.ring.gz")
    eventlet.spawn(wsgi.server, listener, server(settings), Nowhere())
front = eventlet.listen(("127.0.0.1", 0))
port = front.getsockname()[1]
eventlet.spawn(wsgi.server, front, loadapp(f"{root}/proxy.conf"), Nowhere(), keepalive=True)
boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="ID:ID",
    aws_secret_access_key="SECRET", config=Config(s3={"addressing_style": "path"})).create_bucket(Bucket=arguments.bucket)
serving.say(f"port {port}")
# Standard input is waited for on a thread of its own: here a wait must let the servers go on.
while tpool.execute(os.read, 0, 4096):
    pass
shutil.rmtree(root, ignore_errors=True)
sys.stderr.flush()
os._exit(0)
