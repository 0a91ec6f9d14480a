import Archive
import Domain
import Foundation
import Sealing
import Threads

/// Loads a dump into a new database through psql, past what cannot be carried out: that is listed, and the rest is there.
///
/// Not in one transaction: that would hold a lock for each table, index and sequence, more than a server has room for; what
/// is half loaded is dropped, since only a whole one gets its name.
struct PostgresLoad {
    let engine: PostgresEngine
    let request: RestoreRequest
    /// Of whom the connection speaks.
    let session: PostgresSession
    let facts: PostgresFacts
    let database: String
    /// Who loads where we are superuser; nil when the connection's own role does.
    let role: LoadRole?

    struct Loaded {
        let settlement: Settlement
        let messages: LoadMessages
        let token: String
        let isRestricting: Bool
        /// Brings to life again what extensions run at each change of the database.
        let awakening: [String]
    }

    func run() async throws(BackupError) -> Loaded {
        let token: String
        do { token = hex(try randomBytes(16)) } catch { throw BackupError(.bug, "making a key", cause: error) }
        let loading = role?.session ?? session
        // Also proves that the tool will be in the new database and in no other.
        _ = try await PostgresFacts.read(loading, database)
        let (client, isRestricting) = try await session.tools.client(stop: request.stop)
        let messages = LoadMessages(token: token, stop: request.stop)
        var child = loading.child(
            client,
            [
                "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--set=VERBOSITY=verbose",
                "--set=ECHO=errors", "--file=-",
            ], database: database)
        child.onError = { messages.take($0) }
        let parts = ExtensionParts()
        let apart = try await apart(parts)
        let pins = Array(SessionPins.script(limit: nil, lockLimit: nil).utf8)
        let settings = try await PostgresFacts.settings(session, database)
        let (stopsAtFailure, isForeign) = (request.manner.isAllOrNothing, request.origin == .foreign)
        let settled = Promise<Settlement>()
        let (dump, damage) = (try plain(), request.damage)
        let source: DecodedSource = { (body) throws(BackupError) in
            let feed = DumpFeed(
                apart: apart, messages: messages, token: token, isRestricting: isRestricting, settings: settings,
                stopsAtFailure: stopsAtFailure, isForeign: isForeign, mayEndEarly: damage != nil, again: dump)
            try Self.send(pins, body)
            try feed.begin(body)
            do throws(BackupError) {
                try dump { (piece) throws(BackupError) in try feed.take(piece, body) }
            } catch {
                guard let damage, error.code == .integrity else { throw error }
                // Nothing of what could not be read was handed on.
                damage.note(error.message)
            }
            try feed.finish(body, damage)
            settled.keep(feed.settlement)
        }
        let ending = try await child.feed(source, stop: request.stop)
        guard ending.isSuccess else {
            // Its words hold the statements that failed, and so perhaps passwords.
            let reason = messages.failures.first.last.map { ": \($0.words)" } ?? ""
            let how =
                if case .exited(let code) = ending.status { "psql ended with status \(code)" } else {
                    "psql was killed"
                }
            // With 2 psql says that the connection was lost.
            throw BackupError(
                ending.status == .exited(2) ? .sourceUnavailable : .sourceRefused,
                "loading the dump into \"\(database)\": \(how)\(reason)")
        }
        guard let settlement = settled.take(stop: request.stop) else {
            throw BackupError(.cancelled, "the restore was stopped")
        }
        return Loaded(
            settlement: settlement, messages: messages, token: token, isRestricting: isRestricting,
            awakening: parts.awakening)
    }

    private static func send(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        let result: Result<Void, BackupError> = bytes.withUnsafeBytes { raw in
            Result { () throws(BackupError) in try body(raw) }
        }
        try result.get()
    }

    /// A custom dump becomes a plain one on its way: both are loaded alike. By the newest pg_restore, which reads what a newer
    /// pg_dump than this server's made, too.
    private func plain() throws(BackupError) -> DecodedSource {
        guard request.format == .custom else { return request.dump }
        let child = ChildProcess(
            executable: try session.tools.newest("pg_restore"), arguments: ["--file=-"],
            environment: ChildProcess.baseEnvironment)
        let (dump, stop) = (request.dump, request.stop)
        return { (body) throws(BackupError) in
            let sql = try Descriptor.pipe()
            let (own, ended) = (StopSignal(following: stop), StopSignal())
            let converting = BackgroundWork {
                defer { ended.stop() }
                return try await child.feed(dump, output: sql.writer, stop: own)
            }
            do throws(BackupError) {
                try sql.reader.readToEnd(abandoned: { ended.isStopped }) { (piece) throws(BackupError) in
                    try body(piece)
                }
            } catch {
                own.stop()
                sql.reader.close()
                _ = try? converting.wait()  // the first error is the one to tell
                throw error
            }
            let ending = try Self.result(of: converting)
            guard ending.isSuccess else {
                // The dump is not at fault.
                let isNewer = ending.standardError.contains("unsupported version")
                throw BackupError(
                    isNewer ? .sourceRefused : .integrity,
                    "pg_restore cannot read the dump: \(ending.standardError)"
                        + (isNewer ? "; a newer pg_dump made it: install the client of that version here" : ""))
            }
        }
    }

    private static func result<Value>(of work: BackgroundWork<Value>) throws(BackupError) -> Value {
        do {
            guard let value = try work.wait() else { throw BackupError(.bug, "work was waited for twice") }
            return value
        } catch let error as BackupError {
            throw error
        } catch {
            throw BackupError(.bug, "loading a dump", cause: error)
        }
    }

    // MARK: what is done by a superuser

    private func apart(_ parts: ExtensionParts) async throws(BackupError) -> DumpFeed.Apart? {
        guard let role else { return nil }
        let trusted = Set(
            try await session.ask(
                "SELECT to_json(lanname) FROM pg_language WHERE lanpltrusted;", database: database, as: String.self)
        ).union(["plpgsql", "plperl", "pltcl"])
        let (session, database, isOwn) = (session, database, request.origin == .own)
        return DumpFeed.Apart(
            isOwnOrigin: isOwn, role: role.name,
            byHand: { (sql, encoding) throws(BackupError) in
                // What is made may read what comes later in the dump, which sets the same for itself.
                let pins = Array((SessionPins.unlogged + "SET check_function_bodies = off;\n").utf8)
                let work = BackgroundWork { try await session.run(pins + sql, encoding: encoding, database: database) }
                try Self.result(of: work)
            },
            makeExtension: { (name, schema) throws(BackupError) in
                let script = ExtensionScript(name: name, schema: schema, role: role.name, isOwnOrigin: isOwn)
                let work = BackgroundWork {
                    try await session.run(Array(script.sql.utf8), encoding: nil, database: database)
                    try await parts.putToSleep(session, database)
                    try await parts.findClosed(to: role.name, session, database)
                }
                try Self.result(of: work)
            }, isTrusted: { trusted.contains($0) }, isClosed: { parts.isClosed($0) })
    }
}
