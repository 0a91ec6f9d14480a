import Archive
import Domain
import Foundation
import Threads

/// A backup of everything but the data, restored beside the database by the very code of a restore, and dropped again.
struct PostgresRehearsal {
    let engine: PostgresEngine
    let now: Date
    let stop: StopSignal

    /// More definitions than this are not rehearsed, which is told.
    private static let mostBytes = 256 << 20
    private static let mostTold = 10

    func run(isReadOnly: Bool) async throws -> Rehearsal {
        let session = try engine.session(stop: stop)
        let facts = try await PostgresFacts.read(session, engine.database)
        try await facts.refuseUnreadableTables(session, engine.database)
        try await facts.refuseHiddenRows(session, engine.database)
        var found = Rehearsal()
        if engine.globals {
            let stream = try await engine.globalsStream(facts, session)
            _ = try await whole(stream)
            found.notes += stream.laterNotes()
        }
        let properties = try await DatabaseProperties.read(session, of: engine.database, from: engine.database)
        let stream = try await engine.dumpStream(facts, session, isEmpty: true)
        let dump = try await whole(stream)
        found.notes += stream.laterNotes()
        if !facts.createsDatabases {
            found.obstacles.append(
                "the role \(facts.role) may not create databases: ALTER ROLE \(SQLText.identifier(facts.role)) CREATEDB, or restore "
                    + "with another role (`holdfast-agent restore --url`)")
        } else if let dump, !isReadOnly {
            found.obstacles += try await restore(dump, properties)
        } else if dump == nil {
            found.obstacles.append(
                "not known: the definitions alone are more than \(Self.mostBytes >> 20) MiB, so no restore was rehearsed"
            )
        }
        return found
    }

    /// Nil for more than is kept.
    private func whole(_ stream: EngineStream) async throws(BackupError) -> [UInt8]? {
        let pipe = try Descriptor.pipe()
        let makeInspector = stream.makeInspector
        let (stop, ended) = (stop, StopSignal())
        async let read: Result<[UInt8]?, BackupError> = onThread {
            var bytes: [UInt8]? = []
            do throws(BackupError) {
                let inspector = try makeInspector()
                try pipe.reader.readToEnd(abandoned: { ended.isStopped }) { (piece) throws(BackupError) in
                    inspector.consume(piece)
                    bytes = (bytes?.count ?? 0) + piece.count <= Self.mostBytes ? bytes : nil
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

    private func restore(_ dump: [UInt8], _ properties: DatabaseProperties?) async throws -> [String] {
        let request = RestoreRequest(
            format: engine.format,
            dump: { (body) throws(BackupError) in
                let result: Result<Void, BackupError> = dump.withUnsafeBytes { bytes in
                    Result { () throws(BackupError) in try body(bytes) }
                }
                try result.get()
            }, globals: nil, properties: properties,
            target: SQLText.name(engine.database, "_rehearsed_" + Timestamp.compact(now)), replace: false,
            // Of nothing, so that the comparison after a restore is made, too.
            fingerprint: Manifest.Fingerprint(tables: []), origin: .own, now: now, stop: stop)
        do throws(BackupError) {
            return Self.words(try await PostgresRestore(engine: engine, request: request).rehearse())
        } catch {
            if error.code == .cancelled { throw error }
            return ["\(error)"]
        }
    }

    private static func words(_ rehearsed: PostgresRestore.Rehearsed) -> [String] {
        let failures = rehearsed.outcome.failures
        let told = failures.prefix(mostTold).map { "not all of it can be made here: \($0)" }
        let more = failures.count - told.count
        return told + (more > 0 ? ["and \(more) more"] : []) + rehearsed.leftOver
    }
}
