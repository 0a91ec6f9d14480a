package import Archive
package import Domain
package import Foundation
package import Threads

/// A dump that another tool made, as the one object of a backup: decoded, inspected as our own are, and through the same chain.
package struct AdoptedEngine: Engine {
    private let engine: any Engine
    private let object: Manifest.Object
    private let source: DecodedSource
    private let place: String

    /// `source` hands out the plain bytes; `place` is where they are from, for people. Throws `.usage` for what is no dump of this kind
    /// of database.
    package init(
        of engine: any Engine, _ object: Manifest.Object, from place: String, source: @escaping DecodedSource
    ) throws(BackupError) {
        let fits =
            switch engine.kind {
            case .postgres: object.format == .plain || object.format == .custom
            case .sqlite: object.format == .sqlite
            case .application: object.format == .tar
            }
        guard fits, object.role.isContents else {
            throw BackupError(
                .usage, "\(object.name) is no dump of a database of the kind \(engine.kind.rawValue), going by its name"
            )
        }
        (self.engine, self.object, self.source, self.place) = (engine, object, source, place)
    }

    package var name: DatabaseName { engine.name }
    package var kind: DatabaseKind { engine.kind }

    package func examine() async throws -> Examination {
        Examination(serverVersion: nil, tool: "another tool (adopted)", sizeBytes: nil)
    }

    package func rehearse(
        isReadOnly: Bool, now: Date, stop: StopSignal, trace: @escaping RestoreTrace
    ) async throws -> Rehearsal {
        try await engine.rehearse(isReadOnly: isReadOnly, now: now, stop: stop, trace: trace)
    }

    package func restore(_ request: RestoreRequest) async throws -> RestoreOutcome {
        try await engine.restore(request)
    }

    package func streams() async throws -> [EngineStream] {
        let source = source
        return [
            EngineStream(
                role: object.role, format: object.format, makeInspector: try await inspector(),
                write: { descriptor, stop in
                    try await onThread(stop: stop) { () throws(BackupError) in
                        try withoutBrokenPipeSignal { () throws(BackupError) in
                            let output = Descriptor(adopting: descriptor)
                            defer { output.close() }
                            try source { (piece) throws(BackupError) in
                                guard !stop.isStopped else { throw BackupError(.cancelled, "adopting was stopped") }
                                do { try output.write(piece) } catch {
                                    throw BackupError(.cancelled, "the receiver of a dump has gone", cause: error)
                                }
                            }
                        }
                    }
                },
                stockRestore: stockRestore, notes: ["made by another tool, and taken in from \(place)"])
        ]
    }

    private func inspector() async throws -> @Sendable () throws(BackupError) -> any Inspector {
        let object = object
        if let postgres = engine as? PostgresEngine, object.format == .custom {
            let path = try await postgres.customReader()
            return { () throws(BackupError) in try CustomDumpInspector(pgRestore: path) }
        }
        return { () throws(BackupError) in
            guard let inspector = object.makeInspector() else {
                throw BackupError(.bug, "nothing here can tell whether \(object.name) is whole")
            }
            return inspector
        }
    }

    private var stockRestore: StockRestore {
        switch object.format {
        case .plain: .plain(database: (engine as? PostgresEngine)?.database ?? object.name)
        case .custom: .custom(database: (engine as? PostgresEngine)?.database ?? object.name)
        case .sqlite: .file(object.name + ".restored")
        case .tar: .folder(object.name + ".restored")
        }
    }
}

extension PostgresEngine {
    /// The `pg_restore` that belongs to the server.
    fileprivate func customReader() async throws -> String {
        let session = try session(stop: StopSignal())
        let facts = try await PostgresFacts.read(session, database)
        return try await session.tools.tool("pg_restore", forServer: facts.major, stop: session.stop).path
    }
}
