package import Domain
package import Foundation
import Glibc

/// Keeps a second process away from a data directory. Held until ``release()`` or the end of the process, however it ends.
package final class LockFile: Sendable {
    private let descriptor: Int32
    package let path: String

    /// Takes the lock, at once or not at all. Throws `.busy`, naming the holder, when another process (or another
    /// `LockFile` of this one) has it. `now` and `program` are what the next one is told.
    package init(path: String, program: String, now: Date) throws(BackupError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw systemError("opening the lock file", path: path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.text(of: file)
            close(file)
            guard reason == EWOULDBLOCK else { throw systemError("locking", path: path, errno: reason) }
            throw BackupError(
                .busy,
                "\(path) is held by \(holder.isEmpty ? "another process" : holder); only one may use this directory")
        }
        let holder = Array("\(program), process \(getpid()), since \(Timestamp.text(now))".utf8)
        // Only a courtesy to the next one, so a full disk here does not matter: the lock itself is held.
        if ftruncate(file, 0) == 0 { _ = pwrite(file, holder, holder.count, 0) }
        descriptor = file
        self.path = path
    }

    /// Gives the lock back. Harmless when repeated; without it the lock is held until the process ends.
    package func release() { flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }

    private static func text(of file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return "" }
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        return String(text.filter { !$0.isNewline && $0 != "\u{1b}" })
    }
}
