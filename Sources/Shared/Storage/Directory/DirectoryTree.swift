import Domain
import Glibc

/// Steps from the root of a ``DirectoryStore`` down to a folder, one `openat` a part, so that no part of the way can be
/// a symbolic link.
struct DirectoryTree {
    let root: String

    private static let folderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC

    /// The root itself, which may be reached through a link: the operator named it. Throws `.storageRefused` when
    /// everybody may write there.
    func open() throws(BackupError) -> Descriptor {
        let raw = Glibc.open(root, Self.folderFlags)
        guard raw >= 0 else {
            let failure = fileFailure(errno, "open \(root)")
            // A root that is gone (a disk that is not mounted) is no missing object.
            throw failure.code == .notFound ? BackupError(.storageUnavailable, failure.message) : failure
        }
        let folder = Descriptor(raw)
        var facts = stat()
        guard fstat(folder.raw, &facts) == 0 else { throw fileFailure(errno, "look at \(root)") }
        guard facts.st_mode & S_IWOTH == 0 else {
            throw BackupError(.storageRefused, "\(root): everybody may write there; run chmod o-w on it")
        }
        return folder
    }

    /// The folder that holds `parts`' last part. Missing folders are made when `creating`, else `.notFound`; the first
    /// one, which every backup of its agent needs, is `.storageUnavailable` then.
    func parent(of parts: [String], creating: Bool = false) throws(BackupError) -> Descriptor {
        var folder = try open()
        if !creating, parts.count > 1 { try requireTop(parts[0], in: folder) }
        for part in parts.dropLast() {
            folder = try step(from: folder, to: part, creating: creating)
        }
        return folder
    }

    /// Throws `.storageUnavailable` when there is nothing of this name in the root: it is a mount point without its disk.
    func requireTop(_ name: String, in folder: borrowing Descriptor) throws(BackupError) {
        var facts = stat()
        guard fstatat(folder.raw, name, &facts, AT_SYMLINK_NOFOLLOW) != 0, errno == ENOENT else { return }
        throw BackupError(
            .storageUnavailable, "\(root) has no folder \(name): is the disk mounted that holds the backups?")
    }

    private func step(from folder: borrowing Descriptor, to part: String, creating: Bool) throws(BackupError)
        -> Descriptor
    {
        let flags = Self.folderFlags | O_NOFOLLOW
        var raw = openat(folder.raw, part, flags)
        if raw < 0, errno == ENOENT, creating {
            // Another thread may have made it in between, which is as good.
            guard mkdirat(folder.raw, part, 0o700) == 0 || errno == EEXIST else {
                throw fileFailure(errno, "make \(part) in \(root)")
            }
            try sync(folder)
            raw = openat(folder.raw, part, flags)
        }
        guard raw >= 0 else { throw fileFailure(errno, "open \(part) in \(root)") }
        return Descriptor(raw)
    }

    /// Makes the entries of a folder durable.
    func sync(_ folder: borrowing Descriptor) throws(BackupError) {
        guard fsync(folder.raw) == 0 else { throw fileFailure(errno, "make a folder in \(root) durable") }
    }

    /// Names in a folder, without `.` and `..`.
    func names(in folder: borrowing Descriptor) throws(BackupError) -> [String] {
        // A descriptor of its own, because closedir closes it, and a position of its own.
        let raw = openat(folder.raw, ".", Self.folderFlags)
        guard raw >= 0, let stream = fdopendir(raw) else {
            let number = errno
            if raw >= 0 { close(raw) }
            throw fileFailure(number, "list \(root)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw fileFailure(errno, "list \(root)") }
        return names
    }

    /// Visits every regular file below `folder`, deepest first within each folder. Links and devices are passed over.
    func visitFiles(
        in folder: borrowing Descriptor, path: String, where isWanted: (String) -> Bool,
        _ visit: (_ folder: Int32, _ name: String, _ path: String, stat) throws(BackupError) -> Void
    ) throws(BackupError) {
        for name in try names(in: folder) {
            var facts = stat()
            guard fstatat(folder.raw, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }  // went away since it was listed
                throw fileFailure(errno, "look at \(path)\(name) in \(root)")
            }
            switch facts.st_mode & S_IFMT {
            case S_IFDIR:
                guard isWanted("\(path)\(name)/") else { continue }
                let below = try step(from: folder, to: name, creating: false)
                try visitFiles(in: below, path: "\(path)\(name)/", where: isWanted, visit)
            case S_IFREG: try visit(folder.raw, name, "\(path)\(name)", facts)
            default: continue
            }
        }
    }
}
