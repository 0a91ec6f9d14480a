import Archive
import Domain
import Foundation
import GRDB
import Glibc
import Synchronization
import Threads

/// What is known of a copy as it goes by: its tables and how many rows each has (so that a database that lost its rows is noticed),
/// and what its check noted.
final class SQLiteContents: Sendable {
    private let counted = Mutex<[TableFingerprint]?>(nil)
    private let noted = Mutex<[String]>([])

    /// In words, one for each.
    var notes: [String] { noted.withLock { $0 } }

    func note(_ notes: [String]) { noted.withLock { $0 = notes } }

    /// Nil until a copy was counted, and where it could not be.
    var tables: [TableFingerprint]? { counted.withLock { $0 } }

    /// A database with more tables is not counted.
    private static let most = 10_000

    /// Counts them in a file that is ours. Tables of extensions (virtual ones) are left to their own tables.
    func count(in path: String, stop: StopSignal) throws(BackupError) {
        do {
            var configuration = Configuration()
            // One definition that cannot be read keeps nobody from the rest.
            configuration.prepareDatabase { try SQLiteSchema.passOver($0) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let tables = try SQLiteCheck.watched(queue, stop) { database -> [TableFingerprint]? in
                var standIns = SQLiteStandIns()
                let names = try String.fetchAll(
                    database,
                    sql: """
                        SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                        LIMIT \(Self.most + 1)
                        """)
                guard names.count <= Self.most else { return nil }
                return try names.map { name in
                    let quoted = "\"" + name.replacing(scalar: "\"", with: "\"\"") + "\""
                    let rows: Int64
                    do {
                        rows = try standIns.supplying(database) { _ in
                            try Int64.fetchOne(database, sql: "SELECT count(*) FROM \(quoted)") ?? 0
                        }
                    } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
                        // No row of it can be read: that is news where some could be before.
                        rows = 0
                    }
                    return TableFingerprint(name: name, rows: rows, sha256: "")
                }
            }
            try queue.close()
            counted.withLock { $0 = tables }
        } catch {
            if stop.isStopped { throw BackupError(.cancelled, "counting the copy's rows was stopped") }
            // What SQLite found whole and cannot count (a name that is no text) is backed
            // up all the same: nothing is said of its rows then.
            counted.withLock { $0 = nil }
        }
    }
}
