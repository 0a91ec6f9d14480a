import Domain
import Foundation
import Glibc

/// A database in WAL mode that nobody has open and that belongs to somebody else.
///
/// To open it as usual, SQLite makes `-wal` and `-shm` beside it and leaves them there: owned by the database's owner when
/// root reads it, and by this user else, and then its own program cannot open it any more. So it is read as a file that
/// does not change (`immutable`, sqlite.org/uri.html), and it is looked afterwards whether that was so.
enum SQLiteAtRest {
    /// Whether the database is one of those; to be asked in ``SQLiteUse`` only. Throws `.sourceRefused` when it is, and its log still holds changes.
    static func mustBeReadSo(
        _ path: String, _ identity: FileIdentity, _ user: uid_t
    ) throws(BackupError) -> Bool {
        guard user != 0, identity.owner != user, FileIdentity(ofLink: path + "-shm") == nil, hasLog(path) else {
            return false
        }
        if let log = FileIdentity(ofLink: path + "-wal"), log.bytes > 0 {
            throw BackupError(
                .sourceRefused,
                "\(path) was left with changes in its log by a program that did not close it; open it once with that "
                    + "program")
        }
        return true
    }

    /// The name by which SQLite opens it without making files beside it.
    static func address(_ path: String) -> String {
        let plain = CharacterSet(charactersIn: "/-._~").union(.alphanumerics)
        return "file://" + (path.addingPercentEncoding(withAllowedCharacters: plain) ?? path) + "?immutable=1"
    }

    /// Throws `.sourceUnavailable` when it came into use meanwhile: what was copied may be of two moments.
    static func refuseUse(_ path: String, since identity: FileIdentity) throws(BackupError) {
        let files = ["-wal", "-shm"].map { FileIdentity(ofLink: path + $0) }
        guard files.allSatisfy({ $0 == nil || $0?.bytes == 0 }), FileIdentity(at: path) == identity else {
            throw BackupError(.sourceUnavailable, "\(path) came into use while it was being copied")
        }
    }

    /// By the file's header: bytes 18 and 19 are 2 in WAL mode (sqlite.org/fileformat.html, section 1.3.3).
    private static func hasLog(_ path: String) -> Bool {
        // One that cannot be read says so when it is opened.
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }  // only read from
        guard let header = try? file.read(upToCount: 20), header.count == 20 else { return false }
        return header[18] == 2 && header[19] == 2
    }
}
