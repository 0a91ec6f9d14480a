package import Archive
package import Domain
package import Foundation
package import Threads

/// One kind of database on this host: how it is examined, dumped and restored. PostgreSQL, SQLite and application files
/// are behind it alike, and all go through the same chain.
///
/// Errors are `BackupError`; text of tools in them is redacted and bounded. Everything ends promptly, with its child
/// processes, when the task is cancelled or `stop` is.
package protocol Engine: Sendable {
    /// As `agent.yaml` calls it.
    var name: DatabaseName { get }
    var kind: DatabaseKind { get }

    /// Looks without changing anything: versions, size, and what would stop a backup (too old a tool, no rights).
    /// Throws when the database cannot be reached or a backup cannot work.
    func examine() async throws -> Examination

    /// Does what a backup and a restore here do, by the same ways and with the same identities, but for the data, and leaves
    /// nothing. With `isReadOnly` nothing is made for it, not even for a moment; then less is found.
    ///
    /// Throws what would stop a backup, but for what ``examine()`` finds.
    /// `trace` hears of what is made for it.
    func rehearse(
        isReadOnly: Bool, now: Date, stop: StopSignal, trace: @escaping RestoreTrace
    ) async throws -> Rehearsal

    /// The objects of one backup, in the order in which they are to be made (globals before the dump).
    func streams() async throws -> [EngineStream]

    /// Puts a backup beside what is there, checks it, and only then gives it its final name (P6). A failed restore
    /// leaves the target as it was. `source` hands out the decoded bytes of one object and checks its digests: what
    /// it throws at the end means that the bytes were bad, and nothing may then take the target's place.
    func restore(_ request: RestoreRequest) async throws -> RestoreOutcome
}

extension Engine {
    /// The same, and nobody hears of what is made for it.
    package func rehearse(isReadOnly: Bool, now: Date, stop: StopSignal) async throws -> Rehearsal {
        try await rehearse(isReadOnly: isReadOnly, now: now, stop: stop, trace: { _ in })
    }
}

/// What an engine sees of its database.
package struct Examination: Sendable, Equatable {
    package var serverVersion: String?
    /// Name and version, such as `pg_dump 15.18`.
    package var tool: String
    package var sizeBytes: Int64?

    package init(serverVersion: String?, tool: String, sizeBytes: Int64?) {
        self.serverVersion = serverVersion
        self.tool = tool
        self.sizeBytes = sizeBytes
    }
}

/// One object as it is made.
package struct EngineStream: Sendable {
    package var role: ObjectRole
    package var format: ObjectFormat
    /// Makes what reads the stream as it flows by and tells at the end whether it is complete.
    package var makeInspector: @Sendable () throws(BackupError) -> any Inspector
    /// Writes the whole object to the descriptor, which is the engine's to close in every case (its end tells the
    /// reader that there is no more). Throws when any process of it did not end with exit status 0: then what was
    /// written is not a backup, whatever it looks like.
    package var write: @Sendable (_ descriptor: Int32, _ stop: StopSignal) async throws -> Void
    package var stockRestore: StockRestore
    /// The first byte comes only when a copy has been made and checked, which may take long and ends by itself.
    package var copiesFirst: Bool
    /// What is to be known of it beforehand, such as what of the database is not in it; in words.
    package var notes: [String]
    /// The same, known once it was made.
    package var laterNotes: @Sendable () -> [String] = { [] }
    /// What the object of role `database` says.
    package var properties: DatabaseProperties?

    package init(
        role: ObjectRole, format: ObjectFormat, copiesFirst: Bool = false,
        makeInspector: @escaping @Sendable () throws(BackupError) -> any Inspector,
        write: @escaping @Sendable (_ descriptor: Int32, _ stop: StopSignal) async throws -> Void,
        stockRestore: StockRestore, notes: [String] = []
    ) {
        self.role = role
        self.format = format
        self.makeInspector = makeInspector
        self.write = write
        self.stockRestore = stockRestore
        self.copiesFirst = copiesFirst
        self.notes = notes
    }
}

/// Hands out decoded bytes in order (valid only during the call of the closure), and throws at the end when they were
/// not what the manifest says. Blocks its thread.
package typealias DecodedSource =
    @Sendable ((UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) -> Void

/// Whose a backup is that is to be restored, and so what may be done with what it holds.
package enum RestoreOrigin: Sendable, Equatable {
    /// This host's own, by its own signature: what its superusers made, a superuser makes again.
    case own
    /// Somebody else's: nothing of it is made or owned by a superuser.
    case foreign
    /// An operator said that all of it is trusted.
    case trusted
}

/// What of an archive is to be unpacked, and how it is called then.
package struct ArchivePart: Sendable, Equatable {
    /// Files and folders by the paths that they had on their host; empty for all of them.
    package var paths: [String]
    /// So many folders are dropped from the beginning of each path; what has no more than those is not unpacked, and that is told.
    package var strip: Int

    package init(paths: [String] = [], strip: Int = 0) {
        self.paths = paths
        self.strip = strip
    }

    package var isAll: Bool { paths.isEmpty && strip == 0 }
}

/// How a restore goes about what of a backup cannot be made. Of PostgreSQL's only: the others are whole or not there.
package struct LoadManner: Sendable, Equatable {
    /// Nothing is kept unless all of it could be made.
    package var isAllOrNothing: Bool
    /// What lacks something may replace what is there, too.
    package var replacesIncomplete: Bool
    /// Loaded under the database's own name from the beginning, which some extensions demand, and not renamed at the end. What
    /// has the name is set aside before.
    package var intoOriginalName: Bool

    /// Roles that the backup needs and the server lacks are made: nobody can log in as one.
    package var createsRoles: Bool

    package init(
        isAllOrNothing: Bool = false, replacesIncomplete: Bool = false, intoOriginalName: Bool = false,
        createsRoles: Bool = false
    ) {
        self.createsRoles = createsRoles
        self.isAllOrNothing = isAllOrNothing
        self.replacesIncomplete = replacesIncomplete
        self.intoOriginalName = intoOriginalName
    }
}

/// One restore: what to read, where to, and what may be replaced.
package struct RestoreRequest: Sendable {
    package var format: ObjectFormat
    package var dump: DecodedSource
    /// Roles and tablespaces, when they are to be restored first.
    package var globals: DecodedSource?
    /// What the database itself was; nil for a backup of before that was kept, and of what is no PostgreSQL database.
    package var properties: DatabaseProperties?
    /// What the backup's database is called, where that is not the one whose server takes it.
    package var originalName: String?
    /// Why there are none though the backup has them, in words: then the restore is not what it should be.
    package var propertiesFailure: String?
    /// A new database's name, or a path; nil for `<name>_restored_<time>` beside the source.
    package var target: String?
    /// An existing target may be replaced; the old one is kept beside under `<target>_before_<time>`.
    package var replace: Bool
    /// Compared with what was restored, where the engine can tell.
    package var fingerprint: Manifest.Fingerprint?
    package var origin: RestoreOrigin
    /// What of an archive is wanted, and under which paths.
    package var part = ArchivePart()
    package var manner: LoadManner
    /// Set where a dump that is damaged is to be restored up to there: then `dump` ends there without an error, and says it here.
    package var damage: ReadDamage?
    package var now: Date
    package var stop: StopSignal
    /// Hears of each step.
    package var trace: RestoreTrace = { _ in }

    package init(
        format: ObjectFormat, dump: @escaping DecodedSource, globals: DecodedSource?,
        properties: DatabaseProperties? = nil, target: String?, replace: Bool,
        fingerprint: Manifest.Fingerprint?, origin: RestoreOrigin, manner: LoadManner = LoadManner(), now: Date,
        stop: StopSignal
    ) {
        self.format = format
        self.dump = dump
        self.globals = globals
        self.properties = properties
        self.target = target
        self.replace = replace
        self.fingerprint = fingerprint
        self.origin = origin
        self.manner = manner
        self.now = now
        self.stop = stop
    }
}

/// A restore that succeeded.
package struct RestoreOutcome: Sendable, Equatable {
    /// The database or path that now holds the backup.
    package var target: String
    /// Where what was there before is kept, if something was.
    package var keptBeside: String?
    /// What was checked, in words for the operator.
    package var checked: String
    /// What of the backup could not be made, each with its reason; empty when all of it is there.
    package var failures: [String]

    package init(target: String, keptBeside: String?, checked: String, failures: [String] = []) {
        self.target = target
        self.keptBeside = keptBeside
        self.checked = checked
        self.failures = failures
    }
}
