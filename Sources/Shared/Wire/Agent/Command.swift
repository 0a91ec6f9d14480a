package import Archive
package import Domain
package import Foundation

/// What a command asks for.
package enum CommandVerb: String, Sendable, CaseIterable, Codable {
    case backup, cancel, verify, restore, delete, discard
}

/// Something that the coordinator asks of one agent. It names only what the agent's own configuration declares: no
/// shell, no arbitrary path. Delivered until acknowledged, carried out at most once by id, void after `expiresAt`.
package struct Command: Codable, Sendable, Equatable {
    package var id: UUID
    package var expiresAt: Date
    package var verb: Word<CommandVerb>
    package var backup: BackupOrder?
    /// The run to cancel; since 2 also the command of an operation.
    package var cancel: UUID?
    package var verify: VerifyOrder?
    package var restore: RestoreOrder?
    package var delete: DeleteOrder?
    /// Since 3.
    package var discard: DiscardOrder?

    package init(id: UUID, expiresAt: Date, order: CommandOrder) {
        self.id = id
        self.expiresAt = expiresAt
        switch order {
        case .backup(let order): (verb, backup) = (Word(.backup), order)
        case .cancel(let run): (verb, cancel) = (Word(.cancel), run)
        case .verify(let order): (verb, verify) = (Word(.verify), order)
        case .restore(let order): (verb, restore) = (Word(.restore), order)
        case .delete(let order): (verb, delete) = (Word(.delete), order)
        case .discard(let order): (verb, discard) = (Word(.discard), order)
        }
    }

    /// The order, when this program knows the verb and what it needs is there.
    package var order: CommandOrder? {
        switch verb.value {
        case .backup: backup.map(CommandOrder.backup)
        case .cancel: cancel.map(CommandOrder.cancel)
        case .verify: verify.map(CommandOrder.verify)
        case .restore: restore.map(CommandOrder.restore)
        case .delete: delete.map(CommandOrder.delete)
        case .discard: discard.map(CommandOrder.discard)
        case nil: nil
        }
    }
}

/// A ``Command`` whose verb is known, with what it needs.
package enum CommandOrder: Sendable, Equatable {
    case backup(BackupOrder)
    case cancel(UUID)
    case verify(VerifyOrder)
    case restore(RestoreOrder)
    case delete(DeleteOrder)
    case discard(DiscardOrder)
}

/// Back up one database now.
package struct BackupOrder: Codable, Sendable, Equatable {
    package var run: UUID
    package var entry: Plan.Entry
    package var destinations: [Destination]
    package var tiers: [Tier]
    package var nominalAt: Date

    package init(run: UUID, entry: Plan.Entry, destinations: [Destination], tiers: [Tier], nominalAt: Date) {
        self.run = run
        self.entry = entry
        self.destinations = destinations
        self.tiers = tiers
        self.nominalAt = nominalAt
    }
}

/// Where one object can be read: in a directory of the agent's host, or by a presigned URL. Exactly one is set.
package struct ObjectSource: Codable, Sendable, Equatable {
    package var object: Manifest.Object
    /// A directory destination, and the object's full key in it.
    package var directory: Destination.Directory?
    package var key: String?
    /// Grants reading this one object until it expires: a secret.
    package var url: String?
    /// PEM of the CA for `url`, when it is not a public one.
    package var ca: String?

    package init(object: Manifest.Object, directory: Destination.Directory, key: String) {
        self.object = object
        self.directory = directory
        self.key = key
    }

    package init(object: Manifest.Object, url: String, ca: String?) {
        self.object = object
        self.url = url
        self.ca = ca
    }
}

/// Read these again and compare SHA-256 and structure.
package struct VerifyOrder: Codable, Sendable, Equatable {
    package var backup: UUID
    package var destination: String
    package var sources: [ObjectSource]

    package init(backup: UUID, destination: String, sources: [ObjectSource]) {
        self.backup = backup
        self.destination = destination
        self.sources = sources
    }
}

/// Restore a backup of this agent's host or another's.
package struct RestoreOrder: Codable, Sendable, Equatable {
    package var backup: UUID
    /// The database (of this host's configuration) whose server or folder takes the restore.
    package var database: DatabaseName
    package var kind: DatabaseKind
    package var sources: [ObjectSource]
    /// Rows and digests to compare with after the restore; nil when the dump has none.
    package var fingerprint: Manifest.Fingerprint?
    /// A new database's name, or a path for SQLite and files; nil for `<name>_restored_<time>` beside the source.
    package var target: String?
    /// An existing target may be replaced: the old one is kept beside.
    package var replace: Bool
    package var skipChecksum: Bool
    /// Roles and tablespaces too, before the database.
    package var withGlobals: Bool
    package var requestedAt: Date
    /// Whose backup it is, by its manifest: the agent proves by the objects' signatures whether that is itself. Since 2.
    package var source: Source?
    /// An operator said that everything in the backup is trusted. Since 2.
    package var trustOrigin: Bool?
    /// Of an archive: only these paths, as they were on their host; nil for all. Since 3.
    package var paths: [String]?
    /// Of an archive: so many folders are dropped from the beginning of each path. Since 3.
    package var strip: Int?
    /// What it is to do about what cannot be made. Since 3.
    package var manner: RestoreManner?

    /// The database that was backed up.
    package struct Source: Codable, Sendable, Equatable {
        package var agent: UUID
        package var database: DatabaseName

        package init(agent: UUID, database: DatabaseName) {
            self.agent = agent
            self.database = database
        }
    }

    package init(
        backup: UUID, database: DatabaseName, kind: DatabaseKind, sources: [ObjectSource],
        fingerprint: Manifest.Fingerprint?, target: String?, replace: Bool, skipChecksum: Bool, withGlobals: Bool,
        requestedAt: Date
    ) {
        self.backup = backup
        self.database = database
        self.kind = kind
        self.sources = sources
        self.fingerprint = fingerprint
        self.target = target
        self.replace = replace
        self.skipChecksum = skipChecksum
        self.withGlobals = withGlobals
        self.requestedAt = requestedAt
    }
}

/// How a restore goes about what of a backup cannot be made. What is nil is false.
package struct RestoreManner: Codable, Sendable, Equatable {
    /// Keep nothing unless all of it could be made.
    package var exitOnError: Bool?
    /// Replace what is there also by what lacks something.
    package var replaceIncomplete: Bool?
    /// Load under the database's own name from the beginning.
    package var intoOriginalName: Bool?

    /// Make the roles that the backup needs and the server lacks.
    package var createRoles: Bool?

    package init(
        exitOnError: Bool? = nil, replaceIncomplete: Bool? = nil, intoOriginalName: Bool? = nil,
        createRoles: Bool? = nil
    ) {
        self.createRoles = createRoles
        self.exitOnError = exitOnError
        self.replaceIncomplete = replaceIncomplete
        self.intoOriginalName = intoOriginalName
    }
}

/// Remove objects of one backup from a directory destination, by exact key.
package struct DeleteOrder: Codable, Sendable, Equatable {
    package var backup: UUID
    package var destination: String
    package var directory: Destination.Directory
    package var keys: [String]

    package init(backup: UUID, destination: String, directory: Destination.Directory, keys: [String]) {
        self.backup = backup
        self.destination = destination
        self.directory = directory
        self.keys = keys
    }
}

/// How a command ended. Sent through the spool.
package struct CommandResult: Codable, Sendable, Equatable {
    package var command: UUID
    package var at: Date
    package var succeeded: Bool
    package var failure: Failure?
    /// What to tell the operator: where the restore went, what was checked.
    package var message: String
    /// With a verification: how far it got.
    package var proof: ProofLevel?
    /// With a restore: the database or path that now holds it.
    package var restoredTo: String?
    package var bytes: Int64

    package init(
        command: UUID, at: Date, succeeded: Bool, failure: Failure? = nil, message: String, proof: ProofLevel? = nil,
        restoredTo: String? = nil, bytes: Int64 = 0
    ) {
        self.command = command
        self.at = at
        self.succeeded = succeeded
        self.failure = failure
        self.message = message
        self.proof = proof
        self.restoredTo = restoredTo
        self.bytes = bytes
    }
}
