package import Archive
package import Domain
package import Foundation

/// `POST /v1/agent/reports`: what happened, from the spool. The agent forgets an item only when the receipt names it.
package struct ReportBatch: Codable, Sendable {
    package var version: ProtocolVersion
    package var items: [Item]
    /// Of ``AgentProcess``. Since 2.
    package var instance: UUID?

    package init(version: ProtocolVersion = .current, items: [Item], instance: UUID? = nil) {
        self.version = version
        self.items = items
        self.instance = instance
    }

    /// One of `run` and `command` is set.
    package struct Item: Codable, Sendable {
        package var id: UUID
        package var run: RunReport?
        package var command: CommandResult?

        package init(id: UUID, run: RunReport? = nil, command: CommandResult? = nil) {
            self.id = id
            self.run = run
            self.command = command
        }
    }
}

/// The answer to a ``ReportBatch``, sent after the commit.
package struct ReportReceipt: Codable, Sendable {
    /// Committed, or known from before: the agent may forget these.
    package var acknowledged: [UUID]
    /// Never to be accepted (another agent's run, an unknown database): the agent logs and forgets these too.
    package var refused: [Refusal]

    package init(acknowledged: [UUID], refused: [Refusal]) {
        self.acknowledged = acknowledged
        self.refused = refused
    }

    package struct Refusal: Codable, Sendable {
        package var id: UUID
        package var reason: String
        package init(id: UUID, reason: String) {
            self.id = id
            self.reason = reason
        }
    }
}

/// What a report says of its run.
package enum RunEvent: String, Sendable, CaseIterable, Codable {
    case started, succeeded, failed, cancelled, skipped, missed
}

/// One thing that happened to a run. Idempotent by (run, attempt, sequence).
package struct RunReport: Codable, Sendable, Equatable {
    package var run: UUID
    package var attempt: Int
    /// Rises within the attempt, from 1.
    package var sequence: Int
    package var database: DatabaseName
    package var kind: DatabaseKind
    package var policy: String
    package var tiers: [Tier]
    package var nominalAt: Date
    /// When it happened, by the agent's clock.
    package var at: Date
    package var event: Word<RunEvent>
    /// Why skipped, missed or cancelled; with a backup, what it does not hold of its database.
    package var reason: String?
    package var failure: Failure?
    /// With `succeeded`, and with `failed` when some destination holds the whole backup.
    package var manifest: Manifest?
    package var destinations: [DestinationResult]
    /// The command that asked for this run, if one did.
    package var command: UUID?

    package init(
        run: UUID, attempt: Int, sequence: Int, database: DatabaseName, kind: DatabaseKind, policy: String,
        tiers: [Tier], nominalAt: Date, at: Date, event: RunEvent, reason: String? = nil, failure: Failure? = nil,
        manifest: Manifest? = nil, destinations: [DestinationResult] = [], command: UUID? = nil
    ) {
        self.run = run
        self.attempt = attempt
        self.sequence = sequence
        self.database = database
        self.kind = kind
        self.policy = policy
        self.tiers = tiers
        self.nominalAt = nominalAt
        self.at = at
        self.event = Word(event)
        self.reason = reason
        self.failure = failure
        self.manifest = manifest
        self.destinations = destinations
        self.command = command
    }
}

/// A failure in words, redacted and bounded.
package struct Failure: Codable, Sendable, Equatable {
    /// A ``BackupError/Code`` as text.
    package var code: String
    package var message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}

/// What one destination holds of a backup.
package struct DestinationResult: Codable, Sendable, Equatable {
    package var destination: String
    /// Every object and the manifest are there and confirmed.
    package var isComplete: Bool
    /// Full key of the folder, with the destination's prefix, ending in a slash.
    package var folder: String
    /// What the store confirmed, the manifest last.
    package var objects: [StoredObject]
    package var error: String?

    package init(destination: String, isComplete: Bool, folder: String, objects: [StoredObject], error: String?) {
        self.destination = destination
        self.isComplete = isComplete
        self.folder = folder
        self.objects = objects
        self.error = error
    }

    package struct StoredObject: Codable, Sendable, Equatable {
        package var name: String
        package var bytes: Int64
        package var sha256: String
        /// The store's version mark; empty for a directory.
        package var etag: String
        /// What a store that computes SHA-256 must say of it, in base64; with `-N` at its end it is of the digests of N parts.
        /// Since 2.
        package var checksum: String?

        package init(name: String, bytes: Int64, sha256: String, etag: String, checksum: String? = nil) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
            self.etag = etag
            self.checksum = checksum
        }
    }
}
