"""The facts of a file tree: every path as bytes, with all that Linux keeps of it but the access time."""

import hashlib
import os
import stat

WORDS = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device", stat.S_IFBLK: "block device",
}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else old_digest(file)


def old_digest(file):
    hashed = hashlib.sha256()
    while chunk := file.read(1 << 20):
        hashed.update(chunk)
    return hashed.hexdigest()


def fact(path):
    found = os.lstat(path)
    kind = stat.S_IFMT(found.st_mode)
    parts = [WORDS[kind], oct(stat.S_IMODE(found.st_mode)), f"{found.st_uid}:{found.st_gid}", f"mtime {found.st_mtime_ns}"]
    if kind == stat.S_IFREG:
        # Whether it has holes, not which: file systems and tar cut at different borders.
        holes = found.st_size >= 1 << 20 and found.st_blocks * 512 < found.st_size // 2
        parts += [f"{found.st_size} bytes", digest(path)] + (["holes"] if holes else [])
    elif kind == stat.S_IFLNK:
        parts.append(repr(os.readlink(path)))
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        parts.append(f"{os.major(found.st_rdev)},{os.minor(found.st_rdev)}")
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        parts.append(f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}")
    return found, ", ".join(parts)


def facts(folder):
    root = os.fsencode(folder)
    found, first = {}, {}
    for parent, folders, files in os.walk(root):
        for path in [parent] + [os.path.join(parent, name) for name in files + folders]:
            key = os.path.relpath(path, root).decode("utf-8", "backslashreplace")
            if key in found:
                continue
            info, words = fact(path)
            if not stat.S_ISDIR(info.st_mode) and info.st_nlink > 1:
                # By the first name in order, which is known only at the end.
                first.setdefault((info.st_dev, info.st_ino), []).append(key)
            found[key] = words
    for names in first.values():
        for name in names:
            found[name] += f", the same as {min(names)!r}" if len(names) > 1 else ""
    return found
