import Domain
import Glibc

/// Room that is kept beside the catalog for when its disk is full: SQLite cannot even open a file there without any.
struct DiskReserve: Sendable {
    let path: String

    private static let size: Int64 = 2 << 20

    /// Makes the room, where there is plenty. What cannot be made is tried again: it is only a reserve.
    func keep() {
        guard access(path, F_OK) != 0, let free, free > 8 * Self.size else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        let isMade = posix_fallocate(file, 0, off_t(Self.size)) == 0
        close(file)
        if !isMade { unlink(path) }
    }

    /// Gives the room to the catalog, when its disk has hardly any other.
    func giveUpIfShort() {
        guard let free, free < Self.size else { return }
        unlink(path)
    }

    /// Bytes that this process may still write there; nil when nobody can tell.
    private var free: Int64? {
        var facts = statvfs()
        guard statvfs(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex) + "/", &facts) == 0 else {
            return nil
        }
        return Int64(clamping: facts.f_bavail) * Int64(clamping: facts.f_frsize)
    }
}
