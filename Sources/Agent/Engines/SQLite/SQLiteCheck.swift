import Domain
import Foundation
import GRDB

/// Lets SQLite itself check a file that is ours.
enum SQLiteCheck {
    enum Depth: String {
        case quick = "quick_check"
        case full = "integrity_check"
    }

    /// Answers with the number of tables. Throws `.integrity` with SQLite's words when the file is not whole.
    static func run(_ depth: Depth, on path: String) throws(BackupError) -> Int {
        let findings: [String]
        let tables: Int
        do {
            let queue = try DatabaseQueue(path: path)
            (findings, tables) = try queue.inDatabase { database in
                (
                    try String.fetchAll(database, sql: "PRAGMA \(depth.rawValue)(5)"),
                    try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'") ?? 0
                )
            }
            // Folds a -wal of ours back into the file, so that the file is all there is.
            try queue.close()
        } catch {
            throw BackupError(.integrity, "SQLite cannot read the copy", cause: error)
        }
        guard findings == ["ok"] else {
            throw BackupError(.integrity, "\(depth.rawValue) found damage: \(findings.joined(separator: "; "))")
        }
        return tables
    }
}
