import Archive
package import Domain
package import Foundation
package import Threads

/// PostgreSQL through its own tools: `pg_dump` (plain or custom) with `pg_dumpall --globals-only`, `psql`, `pg_restore`.
///
/// `pg_dump` without `--create` keeps what is in the database. What the database itself is (encoding, locale, owner, settings,
/// rights, comment) is an object of its own, ``DatabaseProperties``.
package struct PostgresEngine: Engine {
    package let name: DatabaseName
    package let connection: PostgresConnection
    package let format: ObjectFormat
    /// Where the tools are; nil looks in the usual places.
    package let binDirectory: String?
    /// Whether roles and tablespaces are backed up too. Without the right to read passwords they come without those.
    package let globals: Bool
    /// How long `pg_dump` waits for a table that someone holds locked.
    package let lockTimeout: Duration

    /// `format` is `.plain` or `.custom`; anything else throws `.configuration`.
    package init(
        name: DatabaseName, connection: PostgresConnection, format: ObjectFormat = .plain, binDirectory: String? = nil,
        globals: Bool = true, lockTimeout: Duration = .seconds(300)
    ) throws(BackupError) {
        guard format == .plain || format == .custom else {
            throw BackupError(.configuration, "a PostgreSQL dump is plain or custom, not \(format.rawValue)")
        }
        self.name = name
        self.connection = connection
        self.format = format
        self.binDirectory = binDirectory
        self.globals = globals
        self.lockTimeout = lockTimeout
    }

    package var kind: DatabaseKind { .postgres }

    /// What PostgreSQL calls the database; the name in `agent.yaml` unless the URL has another.
    package var database: String { connection.database ?? name.rawValue }

    func session(stop: StopSignal) throws(BackupError) -> PostgresSession {
        try PostgresSession(connection: connection, tools: PostgresTools(binDirectory: binDirectory), stop: stop)
    }

    package func examine() async throws -> Examination {
        let session = try session(stop: StopSignal())
        let pooler = try await Pooler.requireDumpable(session, database)
        let facts = try await PostgresFacts.read(session, database)
        try await facts.refuseUnreadableTables(session, database)
        try await facts.refuseHiddenRows(session, database)
        let dumper = try await session.tools.tool("pg_dump", forServer: facts.major, stop: session.stop)
        let note = globals && !facts.readsPasswords ? "; globals without the roles' passwords" : ""
        return Examination(
            serverVersion: facts.version,
            tool: "pg_dump \(dumper.version)\(note)\(pooler == nil ? "" : "; through a connection pooler")",
            sizeBytes: facts.sizeBytes)
    }

    package func rehearse(
        isReadOnly: Bool, now: Date, stop: StopSignal, trace: @escaping RestoreTrace
    ) async throws -> Rehearsal {
        try await PostgresRehearsal(engine: self, now: now, stop: stop, trace: trace).run(isReadOnly: isReadOnly)
    }

    package func streams() async throws -> [EngineStream] {
        let session = try session(stop: StopSignal())
        let pooler = try await Pooler.requireDumpable(session, database)
        let facts = try await PostgresFacts.read(session, database)
        let properties = try await DatabaseProperties.read(session, of: database, from: database)
        var streams: [EngineStream] = []
        if globals { streams.append(try await globalsStream(facts, session)) }
        if let properties { streams.append(try propertiesStream(properties, facts)) }
        var dump = try await dumpStream(facts, session)
        if let pooler { dump.notes.append(pooler) }
        return streams + [dump]
    }

    package func restore(_ request: RestoreRequest) async throws -> RestoreOutcome {
        try await PostgresRestore(engine: self, request: request).run()
    }
}
