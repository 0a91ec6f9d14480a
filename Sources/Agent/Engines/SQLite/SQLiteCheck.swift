import Domain
import Foundation
import GRDB
import Glibc
import Threads

/// Lets SQLite itself check a file that is ours.
enum SQLiteCheck {
    enum Depth: String {
        case quick = "quick_check"
        case full = "integrity_check"
    }

    /// Throws `.integrity` with SQLite's words when the file is not whole.
    static func run(_ depth: Depth, on path: String, stop: StopSignal) throws(BackupError) {
        let (findings, _) = try look(path, depth, stop)
        guard findings.isEmpty else { throw damage(depth, findings) }
    }

    /// Checks what was restored, and answers with words for the operator. What only `integrity_check` finds, such as an index
    /// that lacks a row, was in the database when it was backed up: a reason to tell loudly, and none to keep the data back.
    static func restored(_ path: String, stop: StopSignal) throws(BackupError) -> String {
        let (findings, tables) = try look(path, .full, stop)
        if findings.isEmpty { return "integrity_check ok, \(CountText.of(tables, "table"))" }
        guard try look(path, .quick, stop).findings.isEmpty else { throw damage(.full, findings) }
        return "quick_check ok, \(CountText.of(tables, "table")); BUT integrity_check FOUND, as the source had it: "
            + findings.joined(separator: "; ") + " (REINDEX mends indexes)"
    }

    private static func look(
        _ path: String, _ depth: Depth, _ stop: StopSignal
    ) throws(BackupError) -> (findings: [String], tables: Int) {
        do {
            let queue = try DatabaseQueue(path: path)
            let (findings, tables) = try watched(queue, stop) { database in
                (
                    try String.fetchAll(database, sql: "PRAGMA \(depth.rawValue)(5)"),
                    try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'") ?? 0
                )
            }
            // Folds a -wal of ours back into the file, so that the file is all there is.
            try queue.close()
            return (findings == ["ok"] ? [] : findings, tables)
        } catch {
            if stop.isStopped { throw BackupError(.cancelled, "checking the copy was stopped") }
            throw BackupError(.integrity, "SQLite cannot read the copy", cause: error)
        }
    }

    /// A check of a large file takes minutes, and whoever ends the agent waits for seconds only.
    static func watched<Value>(
        _ queue: DatabaseQueue, _ stop: StopSignal, _ work: (Database) throws -> Value
    ) throws -> Value {
        let watch = ThreadGroup<Never>(following: stop)
        let isOver = StopSignal()
        watch.spawn("sqlite-watch") {
            while !isOver.isStopped {
                if stop.isStopped { queue.interrupt() }
                usleep(50_000)
            }
        }
        // Before the queue is closed, which an interruption must not meet.
        defer {
            isOver.stop()
            watch.join()
        }
        return try queue.inDatabase(work)
    }

    private static func damage(_ depth: Depth, _ findings: [String]) -> BackupError {
        BackupError(.integrity, "\(depth.rawValue) found damage: \(findings.joined(separator: "; "))")
    }
}
