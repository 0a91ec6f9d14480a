package import Domain
import Foundation
import GRDB
import Glibc
import Synchronization

/// The coordinator's catalog: one SQLite file, one writing connection, a few reading ones (WAL).
///
/// SQLite before 3.51.3 can corrupt a WAL database that two connections write or checkpoint at once, so exactly one
/// process may open it (the coordinator's lock file sees to that), and it writes through this value only.
package final class CatalogDatabase: Sendable {
    private let pool: DatabasePool
    /// SQLite itself would crash on a connection that is closed.
    private let isClosed = Mutex(false)
    /// What is known to be wrong with the file or its disk.
    package let health = CatalogHealth()

    /// Opens or creates the file (0600), checks it, and brings its schema up to date.
    ///
    /// Throws `.integrity` when the file is damaged, `.configuration` when a newer Holdfast wrote it.
    package init(path: String) throws(BackupError) {
        do {
            try Self.createPrivately(path)
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.maximumReaderCount = 4
            configuration.prepareDatabase { database in
                // An acknowledged report must survive a power cut, so every commit is synced.
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            try Self.examine(pool, path: path)
            if try pool.read(Self.migrator.hasBeenSuperseded) {
                throw BackupError(.configuration, "\(path) was written by a newer Holdfast; upgrade this one")
            }
            try Self.migrator.migrate(pool)
        } catch let error as BackupError {
            throw error
        } catch let error as DatabaseError where error.isDamage {
            throw Self.damaged(path, "\(error.message ?? "not a database")")
        } catch {
            throw BackupError(.storageUnavailable, "opening the catalog \(path)", cause: Self.plain(error))
        }
    }

    /// Reads in one consistent snapshot. Throws what `body` throws, and `.unreachable` for every trouble of the file or its
    /// disk, which ``health`` knows of from then on.
    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (CatalogView) throws -> Value
    ) async throws(BackupError) -> Value {
        try checkOpen()
        do {
            return try await pool.read { try body(CatalogView($0)) }
        } catch {
            throw explain(error, "reading the catalog")
        }
    }

    /// Writes in one transaction: all of it is durable when this returns, or none of it happened. Throws as ``read(_:)`` does; the
    /// incidents that it was to open are then with ``health``.
    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (CatalogUpdate) throws -> Value
    ) async throws(BackupError) -> Value {
        try checkOpen()
        let opened = OpenedConditions()
        do {
            let (value, hasChanged) = try await pool.write { database in
                let before = database.totalChangesCount
                return (try body(CatalogUpdate(database, opened)), database.totalChangesCount > before)
            }
            // A transaction that changed nothing shows nothing of the disk.
            if hasChanged { health.noteWritten() }
            return value
        } catch {
            throw explain(error, "writing the catalog", unwritten: opened.all)
        }
    }

    /// The same for a caller that is not asynchronous (`holdfast init`); blocks.
    package func writeBlocking<Value>(_ body: (CatalogUpdate) throws -> Value) throws(BackupError) -> Value {
        try checkOpen()
        do {
            return try pool.write { try body(CatalogUpdate($0, OpenedConditions())) }
        } catch {
            throw explain(error, "writing the catalog")
        }
    }

    func vacuum() throws { try pool.vacuum() }

    /// All of it, page by page, from one moment.
    func backUp(to copy: DatabaseQueue) throws { try pool.backup(to: copy) }

    /// Brings everything into the main file and closes every connection. Later reads and writes throw `.cancelled`;
    /// closing again is harmless.
    package func close() throws(BackupError) {
        let isFirst = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard isFirst else { return }
        do {
            // The last connection to close would do it, but only if that is the writing one.
            try Self.uninterrupted { _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
            try Self.uninterrupted { try pool.close() }
        } catch {
            throw explain(error, "closing the catalog")
        }
    }

    /// A call that is cancelled as the coordinator ends interrupts whatever its connection is at by then. There are only so
    /// many of those, and none begins any more.
    private static func uninterrupted(_ work: () throws -> Void) throws {
        for _ in 0..<1000 {
            do { return try work() } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {}
        }
        try work()
    }

    private func checkOpen() throws(BackupError) {
        guard isClosed.withLock({ !$0 }) else { throw BackupError(.cancelled, "the catalog is closed") }
    }

    static func createPrivately(_ path: String) throws(BackupError) {
        // SQLite gives its -wal and -shm files the mode of the main file, so setting it once here is enough.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw BackupError(.configuration, "opening the catalog \(path): \(String(cString: strerror(errno)))")
        }
        fchmod(file, 0o600)
        Glibc.close(file)
    }

    private static func examine(_ pool: DatabasePool, path: String) throws {
        let findings = try pool.read { try String.fetchAll($0, sql: "PRAGMA quick_check(5)") }
        guard findings == ["ok"] else { throw damaged(path, findings.first ?? "no answer") }
    }

    private static func damaged(_ path: String, _ finding: String) -> BackupError {
        BackupError(
            .integrity,
            "the catalog \(path) is damaged (\(finding)): put it aside and restore a copy; agents keep backing up meanwhile"
        )
    }

    /// The file's own trouble is none of the words for what somebody asks or sends: all of it is "ask again".
    private func explain(
        _ error: any Error, _ doing: String, unwritten: [IncidentCondition] = []
    ) -> BackupError {
        switch error {
        case let error as BackupError: return error
        case is CancellationError: return BackupError(.cancelled, doing)
        case let error as DatabaseError where [.SQLITE_INTERRUPT, .SQLITE_ABORT].contains(error.resultCode):
            return BackupError(.cancelled, doing)
        case let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT:
            return BackupError(.bug, doing, cause: Self.plain(error))
        default: break
        }
        guard let trouble = Self.trouble(error, doing) else { return BackupError(.bug, doing, cause: error) }
        health.note(trouble, unwritten: unwritten)
        return BackupError(.unreachable, trouble.words, cause: error is DatabaseError ? Self.plain(error) : nil)
    }

    private static func trouble(_ error: any Error, _ doing: String) -> CatalogTrouble? {
        let remedy = "stop the coordinator and restore a copy; agents keep backing up meanwhile"
        switch error {
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            return CatalogTrouble(
                kind: .full, words: "\(doing): its disk is full; make room, and agents deliver what they kept")
        case let error as DatabaseError where error.isDamage:
            return CatalogTrouble(kind: .damaged, words: "\(doing): the file is damaged; \(remedy)")
        case let error as DamagedRow:
            return CatalogTrouble(kind: .damaged, words: "\(doing): \(error.words); \(remedy)")
        case is RowDecodingError:
            return CatalogTrouble(kind: .damaged, words: "\(doing): a row cannot be read; \(remedy)")
        case let error as DatabaseError:
            return CatalogTrouble(
                kind: .unavailable,
                words: "\(doing): SQLite \(error.extendedResultCode.rawValue); is its disk in order?")
        default: return nil
        }
    }

    /// SQLite's own words without the statement's values: those can be anything that an agent sent.
    private static func plain(_ error: any Error) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        return BackupError(.storageUnavailable, "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "")")
    }
}

extension DatabaseError {
    fileprivate var isDamage: Bool { resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB }
}
