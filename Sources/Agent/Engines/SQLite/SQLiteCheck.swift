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

    /// What a check found in a file, and how many tables are in it.
    private struct Report {
        var damage: [String]
        var notes: [String]
        var tables: Int
    }

    /// Throws `.integrity` with SQLite's words when the file's pages are damaged. Answers with what else there is to be known of it, in
    /// words: rows that are not as the schema wants them, and what only the database's own program could judge.
    static func run(_ depth: Depth, on path: String, stop: StopSignal) throws(BackupError) -> [String] {
        let report = try look(path, depth, stop)
        guard report.damage.isEmpty else { throw damage(depth, report.damage) }
        return report.notes
    }

    /// Checks what was restored, and answers with words for the operator. What only `integrity_check` finds, such as an index
    /// that lacks a row, was in the database when it was backed up: a reason to tell loudly, and none to keep the data back.
    static func restored(_ path: String, stop: StopSignal) throws(BackupError) -> String {
        let report = try look(path, .full, stop)
        let tables = CountText.of(report.tables, "table")
        let noted = report.notes.isEmpty ? "" : "; as the source had it: " + report.notes.joined(separator: "; ")
        if report.damage.isEmpty { return "integrity_check ok, \(tables)\(noted)" }
        guard try look(path, .quick, stop).damage.isEmpty else { throw damage(.full, report.damage) }
        return "quick_check ok, \(tables); BUT integrity_check FOUND, as the source had it: "
            + report.damage.joined(separator: "; ") + " (REINDEX mends indexes)" + noted
    }

    /// So many findings are read.
    private static let mostFindings = 100_000

    private static func look(_ path: String, _ depth: Depth, _ stop: StopSignal) throws(BackupError) -> Report {
        do {
            let unreadable = try SQLiteSchema.unreadable(path)
            var configuration = Configuration()
            if unreadable != nil { configuration.prepareDatabase { try SQLiteSchema.passOver($0) } }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let report = try watched(queue, stop) { try read(depth, $0, unreadable) }
            // Folds a -wal of ours back into the file, so that the file is all there is.
            try queue.close()
            return report
        } catch {
            if stop.isStopped { throw BackupError(.cancelled, "checking the copy was stopped") }
            throw BackupError(.integrity, "SQLite cannot read the copy", cause: error)
        }
    }

    private static func read(_ depth: Depth, _ database: Database, _ unreadable: String?) throws -> Report {
        var standIns = SQLiteStandIns()
        let findings = try standIns.supplying(database) { standIns -> SQLiteFindings in
            var findings = SQLiteFindings()
            let unjudged = try standIns.dependents(database)
            let answers = try String.fetchCursor(database, sql: "PRAGMA \(depth.rawValue)(\(mostFindings))")
            while let answer = try answers.next() {
                findings.take(answer, unjudged: unjudged, isPartlyRead: unreadable != nil)
            }
            return findings
        }
        var notes = findings.notes
        if !standIns.words.isEmpty {
            notes.append(
                "what depends on the application's own \(standIns.words.joined(separator: ", ")) could not be judged; its pages "
                    + "are whole")
        }
        if let unreadable {
            notes.append(
                "not judged: \(unreadable); a newer SQLite may, or an extension of its program, or it is damaged")
        }
        return Report(
            damage: findings.damage, notes: notes,
            tables: try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'") ?? 0)
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
