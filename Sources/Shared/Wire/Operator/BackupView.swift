package import Archive
package import Domain
package import Foundation

/// One backup, as `backup list` shows it. Fields are stable and only ever added to.
package struct BackupView: Codable, Sendable, Equatable {
    package var id: UUID
    package var agent: String
    package var database: DatabaseName
    package var kind: DatabaseKind
    package var tiers: [Tier]
    package var state: BackupState
    /// 0 to 5; nil when nothing is proven.
    package var proof: Int?
    package var startedAt: Date
    package var finishedAt: Date
    package var nominalAt: Date
    package var plainBytes: Int64
    package var storedBytes: Int64
    /// Names of those that hold the whole backup.
    package var destinations: [String]
    package var pinned: Bool
    package var objects: [ObjectView]
    package var policy: String
    package var run: UUID
    /// When the coordinator learned of it, by its own clock: what retention goes by.
    package var recordedAt: Date
    package var proofAt: Date?
    /// The moment whose data it holds, by its host's clock. Nil from a coordinator that does not say.
    package var snapshotAt: Date?
    /// With all attempts of its run and what lies between them, in seconds. Nil from a coordinator that does not say.
    package var tookSeconds: Double?

    package init(
        id: UUID, agent: String, database: DatabaseName, kind: DatabaseKind, tiers: [Tier], state: BackupState,
        proof: Int? = nil, startedAt: Date, finishedAt: Date, nominalAt: Date, plainBytes: Int64, storedBytes: Int64,
        destinations: [String], pinned: Bool, objects: [ObjectView], policy: String, run: UUID, recordedAt: Date,
        proofAt: Date? = nil, snapshotAt: Date? = nil
    ) {
        self.snapshotAt = snapshotAt
        self.id = id
        self.agent = agent
        self.database = database
        self.kind = kind
        self.tiers = tiers
        self.state = state
        self.proof = proof
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.nominalAt = nominalAt
        self.plainBytes = plainBytes
        self.storedBytes = storedBytes
        self.destinations = destinations
        self.pinned = pinned
        self.objects = objects
        self.policy = policy
        self.run = run
        self.recordedAt = recordedAt
        self.proofAt = proofAt
    }
}

/// One stored object.
package struct ObjectView: Codable, Sendable, Equatable {
    package var name: String
    package var sha256: String
    package var bytes: Int64

    package init(name: String, sha256: String, bytes: Int64) {
        self.name = name
        self.sha256 = sha256
        self.bytes = bytes
    }
}

/// `GET /v1/backups/ID`: a backup with its manifest and where each copy lies.
package struct BackupDetailView: Codable, Sendable, Equatable {
    package var backup: BackupView
    package var manifest: Manifest
    package var copies: [DestinationResult]
    /// By the destination's name: the folder of its copy as other tools name it, `s3://BUCKET/FOLDER` or a path on the host.
    package var locations: [String: String]?
    /// By the destination's name: `stored`, `confirmed`, `incomplete`, `damaged` or `deleted`; a deleted copy with an error is
    /// one whose files nobody could be told to delete.
    package var copyStates: [String: String]?
    /// By the destination's name: what its copy was last seen by, and when.
    package var evidence: [String: Evidence]?

    /// What a copy was last seen by: `agent` (its host found files of the right size), `size` (the store says the right size, and
    /// nothing of its bytes), `etag` (the very version that was stored), `checksum` (the store's own SHA-256) or `read`.
    package struct Evidence: Codable, Sendable, Equatable {
        package var by: String
        package var at: Date

        package init(by: String, at: Date) {
            self.by = by
            self.at = at
        }
    }

    package init(
        backup: BackupView, manifest: Manifest, copies: [DestinationResult], locations: [String: String]? = nil,
        copyStates: [String: String]? = nil, evidence: [String: Evidence]? = nil
    ) {
        self.evidence = evidence
        self.backup = backup
        self.manifest = manifest
        self.copies = copies
        self.locations = locations
        self.copyStates = copyStates
    }
}
