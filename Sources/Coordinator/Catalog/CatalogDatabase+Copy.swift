package import Domain
import Foundation
import GRDB

extension CatalogDatabase {
    /// Writes the file anew, so that nothing is left in it of what was removed. Blocks. Throws as ``copy(to:)`` does.
    package func compact() throws(BackupError) {
        do { try vacuum() } catch {
            throw BackupError(.storageUnavailable, "compacting the catalog", cause: error)
        }
    }

    /// Writes all that is committed by now into a new file (0600), in one piece, while the catalog goes on being read and written.
    /// Blocks. Throws `.storageUnavailable` when that cannot be written; nothing is left then.
    package func copy(to path: String) throws(BackupError) {
        do {
            try Self.createPrivately(path)
            let copy = try DatabaseQueue(path: path)
            try backUp(to: copy)
            // One file, and none beside it.
            try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
            try copy.close()
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try? FileManager.default.removeItem(atPath: path + suffix)
            }
            throw BackupError(.storageUnavailable, "copying the catalog to \(path)", cause: error)
        }
    }
}
