import Domain
import Glibc

/// Which file a path leads to.
struct FileIdentity: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var mode: mode_t
    var owner: uid_t
    var group: gid_t
    var bytes: Int64
    /// When its bytes last changed, in nanoseconds since 1970.
    var modified: Int64

    /// Nil when there is nothing. A symbolic link at the end is followed.
    init?(at path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        self.init(facts)
    }

    /// The same without following a link.
    init?(ofLink path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        self.init(facts)
    }

    private init(_ facts: stat) {
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        mode = facts.st_mode
        owner = facts.st_uid
        group = facts.st_gid
        bytes = Int64(facts.st_size)
        modified = Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
    }

    func isSameFile(as other: FileIdentity?) -> Bool { device == other?.device && inode == other?.inode }

    var isRegularFile: Bool { mode & S_IFMT == S_IFREG }
    var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    /// The path without links, dots and doubled slashes; nil when it leads nowhere.
    static func realPathBytes(_ path: String) -> [UInt8]? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map(UInt8.init(bitPattern:))
    }

    /// The same as text; nil too when it is none.
    static func realPath(_ path: String) -> String? {
        realPathBytes(path).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
