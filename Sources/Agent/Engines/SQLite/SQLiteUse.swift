import Domain
import Glibc
import Synchronization

/// That this process has a database open through SQLite, which takes POSIX locks on its file.
///
/// To close any other descriptor of that file gives up those locks (fcntl(2)), and a copy at work would see two moments. So
/// whoever looks at the file by other means does it in ``unlessOpen(_:_:)``.
final class SQLiteUse: Sendable {
    private struct File: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ identity: FileIdentity) { (device, inode) = (identity.device, identity.inode) }
    }

    private static let open = Mutex<[File: Int]>([:])
    private let file: File

    private init(_ file: File) { self.file = file }

    deinit {
        Self.open.withLock { [file] open in
            let left = (open[file] ?? 1) - 1
            open[file] = left > 0 ? left : nil
        }
    }

    /// Looks, when nobody here has the file open, and notes it as open when the look says that it will be.
    static func unlessOpen(
        _ identity: FileIdentity, _ opens: () throws(BackupError) -> Bool
    ) throws(BackupError) -> SQLiteUse? {
        let file = File(identity)
        let noted: Result<Bool, BackupError> = open.withLock { open in
            do throws(BackupError) {
                var isOpened = open[file] != nil
                if !isOpened { isOpened = try opens() }
                if isOpened { open[file, default: 0] += 1 }
                return .success(isOpened)
            } catch {
                return .failure(error)
            }
        }
        return try noted.get() ? SQLiteUse(file) : nil
    }
}
