import Archive
import Domain
import Foundation
import Threads

/// A backup of everything but the data, restored beside the database by the very code of a restore, and dropped again.
struct PostgresRehearsal {
    let engine: PostgresEngine
    let now: Date
    let stop: StopSignal
    let trace: RestoreTrace

    /// More definitions than this, or more objects, are not rehearsed, which is told.
    private static let mostBytes = 64 << 20
    private static let mostObjects = 50_000
    private static let mostTold = 10

    func run(isReadOnly: Bool) async throws -> Rehearsal {
        let session = try engine.session(stop: stop)
        let facts = try await PostgresFacts.read(session, engine.database)
        try await facts.refuseHiddenObjects(session, engine.database)
        var found = Rehearsal()
        if engine.globals {
            let stream = try await engine.globalsStream(facts, session)
            _ = try await whole(stream, keeping: 0)
            found.notes += stream.laterNotes()
        }
        let properties = try await DatabaseProperties.read(session, of: engine.database, from: engine.database)
        let stream = try await engine.dumpStream(facts, session, isEmpty: true)
        let dump = try await whole(stream, keeping: Self.mostBytes)
        found.notes += stream.laterNotes()
        found.leftOver = try await leftOver(session)
        found.unrehearsed = try await obstacle(session, facts, isReadOnly: isReadOnly, isTooLong: dump == nil)
        if found.unrehearsed == nil, let dump { try await restore(dump, properties, facts, &found) }
        return found
    }

    /// Why no restore is rehearsed.
    private func obstacle(
        _ session: PostgresSession, _ facts: PostgresFacts, isReadOnly: Bool, isTooLong: Bool
    ) async throws(BackupError) -> String? {
        if isReadOnly { return "--read-only" }
        if facts.isStandby {
            return "this server is a standby, on which nothing can be restored: look at its primary's host"
        }
        if isTooLong { return "the definitions alone are more than \(Self.mostBytes >> 20) MiB" }
        let objects = try await session.ask("SELECT count(*) FROM pg_class;", database: engine.database, as: Int.self)
        guard (objects.first ?? 0) <= Self.mostObjects else {
            return "it has more than \(Self.mostObjects) tables, indexes and sequences, which would all be made"
        }
        return nil
    }

    private func leftOver(_ session: PostgresSession) async throws(BackupError) -> [String] {
        try await session.ask(
            """
            SELECT to_json(format('the database "%s"', datname)) FROM pg_database
              WHERE datname ~ '_(rehearsed|restoring)_[0-9]{8}_[0-9]{6}$' OR datname ~ '^holdfast_maintenance_[0-9a-f]{8}$'
            UNION ALL
            SELECT to_json(format('the role %s', rolname)) FROM pg_roles r WHERE rolname ~ '^holdfast_load_[0-9a-f]{12}$'
              AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = rolname) LIMIT 20;
            """, database: engine.database, as: String.self)
    }

    /// Nil for more than is kept.
    private func whole(_ stream: EngineStream, keeping most: Int) async throws(BackupError) -> [UInt8]? {
        let pipe = try Descriptor.pipe()
        let makeInspector = stream.makeInspector
        let (stop, ended) = (stop, StopSignal())
        async let read: Result<[UInt8]?, BackupError> = onThread {
            var bytes: [UInt8]? = []
            do throws(BackupError) {
                let inspector = try makeInspector()
                try pipe.reader.readToEnd(abandoned: { ended.isStopped }) { (piece) throws(BackupError) in
                    inspector.consume(piece)
                    if (bytes?.count ?? 0) + piece.count > most { bytes = nil }
                    bytes?.append(contentsOf: piece)
                }
                _ = try inspector.finish()
                return .success(bytes)
            } catch {
                pipe.reader.close()
                return .failure(error)
            }
        }
        let written: Result<Void, BackupError>
        do {
            try await stream.write(pipe.writer.handedOver(), stop)
            written = .success(())
        } catch {
            written = .failure(error as? BackupError ?? BackupError(.bug, "rehearsing a dump", cause: error))
        }
        ended.stop()
        let result = await read
        try written.get()
        return try result.get()
    }

    private func restore(
        _ dump: [UInt8], _ properties: DatabaseProperties?, _ facts: PostgresFacts, _ found: inout Rehearsal
    ) async throws(BackupError) {
        if try await Pooler.find(try engine.session(stop: stop), engine.database) != nil {
            found.failure = "it is reached through a connection pooler: \(Pooler.remedy)"
            return
        }
        guard facts.createsDatabases else {
            found.failure =
                "the role \(facts.role) may not create databases: ALTER ROLE \(SQLText.identifier(facts.role)) CREATEDB, or restore "
                + "with another role (`holdfast-agent restore --url`)"
            return
        }
        var request = RestoreRequest(
            format: engine.format,
            dump: { (body) throws(BackupError) in
                let result: Result<Void, BackupError> = dump.withUnsafeBytes { bytes in
                    Result { () throws(BackupError) in try body(bytes) }
                }
                try result.get()
            }, globals: nil, properties: properties, target: nil, replace: false,
            // Of nothing, so that what is restored is read once more, too.
            fingerprint: Manifest.Fingerprint(tables: []), origin: .own, now: now, stop: stop)
        request.trace = trace
        let scratch = SQLText.name(engine.database, "_rehearsed_" + Timestamp.compact(now))
        var lost: [String] = []
        let rehearsed = await PostgresRestore(engine: engine, request: request).rehearse(in: scratch) {
            lost = Self.first(await neverDumped(comparing: scratch))
        }
        if let failure = rehearsed.failure {
            if failure.code == .cancelled { throw failure }
            found.failure = "\(failure)"
        }
        found.obstacles = Self.first(rehearsed.lacking) + lost
        if let left = rehearsed.leftOver { found.leftOver.append(left) }
    }

    private func neverDumped(comparing restored: String) async -> [String] {
        do throws(BackupError) {
            let session = try engine.session(stop: stop)
            let source = try await NeverDumped.read(session, engine.database)
            let members = try await ExtensionMember.read(session, engine.database)
            return ExtensionMember.words(members, fresh: try await ExtensionMember.read(session, restored))
                + NeverDumped.words(source, fresh: try await NeverDumped.read(session, restored))
        } catch {
            return ["not known: what no dump keeps of its extensions: \(error)"]
        }
    }

    private static func first(_ words: [String]) -> [String] {
        words.prefix(mostTold) + (words.count > mostTold ? ["and \(words.count - mostTold) more"] : [])
    }
}
