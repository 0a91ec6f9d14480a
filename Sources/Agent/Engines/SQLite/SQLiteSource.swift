import Domain
import Foundation
import GRDB
import Glibc
import Threads

/// The database file of someone else, opened read-only.
struct SQLiteSource {
    /// Where the path led when it was opened.
    let resolved: String
    let identity: FileIdentity
    private let path: String
    private let queue: DatabaseQueue
    /// Nil when nobody had it open, and it is read as it lies there.
    private let use: SQLiteUse?
    private var isAtRest: Bool { use == nil }

    /// Throws `.sourceRefused` when there is no such file or it is no SQLite database. `user` is who reads it.
    init(path: String, user: uid_t = geteuid()) throws(BackupError) {
        guard let resolved = FileIdentity.realPath(path), let identity = FileIdentity(at: resolved) else {
            throw BackupError(.sourceRefused, "there is no SQLite database at \(path)")
        }
        guard identity.isRegularFile else { throw BackupError(.sourceRefused, "\(path) is not a file") }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        // What it does not understand is no reason not to copy it.
        configuration.prepareDatabase { try SQLiteSchema.passOver($0) }
        self.path = path
        self.resolved = resolved
        self.identity = identity
        use = try SQLiteUse.unlessOpen(identity) { () throws(BackupError) in
            try !SQLiteAtRest.mustBeReadSo(resolved, identity, user)
        }
        do {
            let name = use == nil ? SQLiteAtRest.address(resolved) : resolved
            queue = try DatabaseQueue(path: name, configuration: configuration)
        } catch {
            throw Self.refusal(error, resolved)
        }
    }

    func libraryVersion() throws(BackupError) -> String {
        do {
            return try queue.inDatabase { database in
                // Reads a page of the file too, so that a file that is no database is noticed.
                _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
                return try String.fetchOne(database, sql: "SELECT sqlite_version()") ?? "unknown"
            }
        } catch {
            throw Self.refusal(error, resolved)
        }
    }

    /// Copies the database, as one moment had it, into the new file at `copyPath`.
    ///
    /// In WAL mode a read transaction holds that moment while writers go on. With a rollback journal the copy is made
    /// politely, in steps between which others write, each of which makes SQLite begin again: after `restartLimit`
    /// restarts, or `politeTime`, one read transaction is held to the end, and writers wait.
    func copy(
        to copyPath: String, stop: StopSignal, restartLimit: Int = 3, politeTime: Duration = .seconds(30)
    ) throws(BackupError) {
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { database in
                try SQLiteSchema.passOver(database)
                try database.execute(sql: "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
            }
            let copy = try DatabaseQueue(path: copyPath, configuration: configuration)
            defer { try? copy.close() }  // a copy that is not complete shows in its check
            try queue.inDatabase { source in
                try copy.writeWithoutTransaction { copy in
                    let isLog = try String.fetchOne(source, sql: "PRAGMA journal_mode") == "wal"
                    let limits = Limits(restarts: restartLimit, until: .now + politeTime)
                    if isLog {
                        try Self.copyHeld(source, copy, stop)
                    } else if !(try Self.copyPolitely(source, copy, stop, limits)) {
                        try Self.copyHeld(source, copy, stop)
                    }
                    // A database of no bytes is one without tables: written out, so that it is a file like any other.
                    if try Int.fetchOne(copy, sql: "PRAGMA page_count") == 0 {
                        try copy.execute(sql: "PRAGMA user_version = 0; VACUUM")
                    }
                }
            }
        } catch is Stopped {
            throw BackupError(.cancelled, "copying \(resolved) was stopped")
        } catch {
            // What changed under the reader looks like damage.
            if isAtRest { try SQLiteAtRest.refuseUse(resolved, since: identity) }
            throw Self.refusal(error, resolved)
        }
        guard identity.isSameFile(as: FileIdentity(at: path)) else {
            throw BackupError(.sourceUnavailable, "\(path) was replaced by another file while it was being copied")
        }
        if isAtRest { try SQLiteAtRest.refuseUse(resolved, since: identity) }
    }

    private struct Stopped: Error {}
    private struct Restarting: Error {}
    private struct Limits {
        var restarts: Int
        var until: ContinuousClock.Instant
    }

    private static let pagesPerStep: CInt = 2048

    /// One moment, held by a read transaction.
    private static func copyHeld(_ source: Database, _ copy: Database, _ stop: StopSignal) throws {
        try source.execute(sql: "BEGIN")
        defer { try? source.execute(sql: "COMMIT") }  // it only read; closing ends it too
        _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_master")  // this takes the read lock
        try source.backup(to: copy, pagesPerStep: pagesPerStep) { _ in
            if stop.isStopped { throw Stopped() }
        }
    }

    /// Answers false when writers made it begin again too often.
    private static func copyPolitely(
        _ source: Database, _ copy: Database, _ stop: StopSignal, _ limits: Limits
    ) throws -> Bool {
        var restarts = 0
        var copied = 0
        do {
            try source.backup(to: copy, pagesPerStep: pagesPerStep) { progress in
                if stop.isStopped { throw Stopped() }
                if progress.completedPageCount <= copied { restarts += 1 }
                copied = progress.completedPageCount
                if restarts > limits.restarts || .now > limits.until { throw Restarting() }
            }
            return true
        } catch is Restarting {
            return false
        }
    }

    static func refusal(_ error: any Error, _ path: String) -> BackupError {
        guard let error = error as? DatabaseError else {
            return BackupError(.bug, "reading the SQLite database \(path)", cause: error)
        }
        let words = "\(error.message ?? "") (\(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_NOTADB:
            return BackupError(.sourceRefused, "\(path) is not a SQLite database, or is encrypted: \(words)")
        case .SQLITE_CORRUPT: return BackupError(.integrity, "\(path) is damaged: \(words)")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return BackupError(.sourceUnavailable, "\(path) is locked by another program: \(words)")
        case .SQLITE_READONLY:
            return BackupError(
                .sourceRefused,
                "\(path) has an unfinished change of a program that crashed; open it once with that program: \(words)")
        case .SQLITE_CANTOPEN:
            return BackupError(
                .sourceRefused, "\(path) cannot be opened; in WAL mode its folder must be writable: \(words)")
        case .SQLITE_FULL: return BackupError(.storageRefused, "no room in the spool for a copy of \(path): \(words)")
        default: return BackupError(.sourceUnavailable, "reading the SQLite database \(path): \(words)")
        }
    }
}
