"""Makes a file tree with whatever Linux lets a tree have. As root.

    odd_tree.py FOLDER
"""

import os
import socket
import struct
import subprocess
import sys


def write(path, content=b"x", mode=0o644):
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def acl(*entries):
    """As the kernel keeps it: tag, rights, id."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


OWNER, USER, GROUP, MASK, OTHER, NOBODY = 1, 2, 4, 16, 32, 0xFFFFFFFF
RIGHTS = acl((OWNER, 6, NOBODY), (USER, 4, 65534), (GROUP, 4, NOBODY), (MASK, 6, NOBODY), (OTHER, 0, NOBODY))

os.makedirs(sys.argv[1])
os.chdir(os.fsencode(sys.argv[1]))
for name in [b"\xff\xfe bytes", b"new\nline", b"-dash", b"--checkpoint=1", b"tab\there", "grün 表".encode(), b"quo'te\"s\\", b"*", b"n" * 255]:
    write(name, name)
os.mkdir(b"d\xff")
write(b"d\xff/inside \x01")
os.symlink(b"d\xff", b"link to \xff")
os.symlink("/nonexistent", "dangling")
os.symlink("x" * 3000, "long link")
write("empty", b"")
write("secret", mode=0o400)
write("setuid", mode=0o4755)
os.mkdir("sticky")
os.chmod("sticky", 0o1777)
os.mkdir("setgid")
os.chown("setgid", 12345, 23456)
os.chmod("setgid", 0o2750)
os.chown(write("foreign"), 12345, 2000000)
for name in ["z-first", "a-second", "sticky/third"]:
    os.link(write("hard"), name) if name == "z-first" else os.link("hard", name)
os.mkfifo("pipe")
os.link("dangling", "dangling too")
with open("holes", "wb") as file:
    file.seek(8 << 20)
    file.write(b"in the middle")
    file.truncate(64 << 20)
write("old")
os.utime("old", ns=(0, -1_000_000_001))
write("future")
os.utime("future", ns=(0, 7_258_118_400_123_456_789))
subprocess.run(["setcap", "cap_net_bind_service,cap_net_raw+ep", write("capable", mode=0o755)], check=True)
os.setxattr(write("rights"), "system.posix_acl_access", RIGHTS)
os.mkdir("rights-below")
os.setxattr("rights-below", "system.posix_acl_default", RIGHTS)
write("rights-below/child")
os.setxattr(write("attributes"), "user.bytes", b"\x00\xff\n\\ = ")
os.setxattr("attributes", "user.empty", b"")
os.setxattr("attributes", "user.long", b"v" * 2000)
os.setxattr("attributes", "trusted.own", b"t")
os.setxattr("attributes", "security.own", b"s")
os.setxattr("sticky", "user.of a folder", b"f")
deep = b"deep"
os.mkdir(deep)
while len(deep) < 1500:
    deep += b"/" + b"e" * 100
    os.mkdir(deep)
write(deep + b"/bottom")
os.mkdir("run")
os.mknod("run/a-device", 0o600 | 0o020000, os.makedev(1, 3))
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind("run/a-socket")
os.utime("run", ns=(0, 1_500_000_000_000_000_001))
