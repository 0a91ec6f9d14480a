package import Domain
package import Foundation
package import Wire

/// One backup without its manifest.
package struct BackupRecord: Sendable, Equatable {
    package let id: UUID
    /// Row of its database.
    package let database: Int64
    package let run: UUID
    package let policy: String
    package let tiers: [Tier]
    package var state: BackupState
    package var proof: Int?
    package var proofAt: Date?
    package let nominalAt: Date
    package let startedAt: Date
    /// Never later than ``recordedAt``, whatever the agent's clock says.
    package let snapshotAt: Date
    package let finishedAt: Date
    /// When the coordinator learned of it, by its own clock: what retention goes by.
    package let recordedAt: Date
    package let plainBytes: Int64
    package let storedBytes: Int64
    package var pinned: Bool
    /// How many tables the database had, and rows in them; nil where the dump does not tell.
    package var sourceTables: Int?
    package var sourceRows: Int64?

    package init(
        id: UUID, database: Int64, run: UUID, policy: String, tiers: [Tier], state: BackupState, nominalAt: Date,
        startedAt: Date, snapshotAt: Date, finishedAt: Date, recordedAt: Date, plainBytes: Int64, storedBytes: Int64
    ) {
        self.id = id
        self.database = database
        self.run = run
        self.policy = policy
        self.tiers = tiers
        self.state = state
        self.nominalAt = nominalAt
        self.startedAt = startedAt
        self.snapshotAt = min(snapshotAt, recordedAt)
        self.finishedAt = finishedAt
        self.recordedAt = recordedAt
        self.plainBytes = plainBytes
        self.storedBytes = storedBytes
        pinned = false
    }
}

/// How one copy of a backup stands.
package enum CopyState: String, Sendable, CaseIterable {
    /// Whole, on the agent's word.
    case stored
    /// Whole, and the coordinator saw so itself.
    case confirmed
    /// The destination never held all of it.
    case incomplete
    /// A check found something changed.
    case damaged
    /// Something of it is not there. It may come back.
    case missing
    case deleted
}

/// By what a copy was last seen to be whole, from the weakest to the strongest.
package enum CopyEvidence: String, Sendable, CaseIterable, Comparable {
    /// Its agent looked, and found files of the right size.
    case agent
    /// The store says the right size, and nothing that would tell its bytes from others.
    case size
    /// The store has the very version that its agent was told of.
    case etag
    /// The store's own SHA-256 is that of the backup.
    case checksum
    /// Its bytes were read.
    case read

    package static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What one destination holds of a backup, and where.
package struct CopyRecord: Sendable, Equatable {
    package let backup: UUID
    /// The destination as it was defined when the copy was made.
    package let place: Destination
    /// Full key of the folder, with the destination's prefix, ending in a slash.
    package let folder: String
    package var state: CopyState
    package var error: String?
    /// The manifest last.
    package let objects: [DestinationResult.StoredObject]
    /// When somebody last looked and found it as it should be, and what that was seen by.
    package var seenAt: Date?
    package var evidence: CopyEvidence?
    /// When its bytes were last read and found right.
    package var readAt: Date?

    package init(
        backup: UUID, place: Destination, folder: String, state: CopyState, error: String?,
        objects: [DestinationResult.StoredObject]
    ) {
        self.backup = backup
        self.place = place
        self.folder = folder
        self.state = state
        self.error = error
        self.objects = objects
    }

    package var isWhole: Bool { state == .stored || state == .confirmed }
}

/// How the copies of one backup stand together.
package struct CopySummary: Sendable, Equatable {
    /// At least one destination holds all of it.
    package let hasWhole: Bool
    /// A bucket does.
    package let hasWholeRemote: Bool
    /// A copy that the coordinator can see has not been seen by it.
    package let isUnconfirmed: Bool
    /// When every whole copy in a bucket was last seen to be there; where there is none, when any whole copy was.
    package let seenAt: Date?
}
