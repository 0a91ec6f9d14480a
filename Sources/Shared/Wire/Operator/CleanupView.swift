package import Domain
package import Foundation

/// `GET /v1/cleanup`: what retention would do, each with its reason. Applied by its `digest`, so that only what was shown is done.
package struct CleanupView: Codable, Sendable, Equatable {
    package var digest: String
    package var at: Date
    package var items: [CleanupItem]
    /// Of all copies that will be deleted, with their manifests.
    package var bytesFreed: Int64
    /// Copies that will stay although their backup goes, for their agent was revoked: `FOLDER on HOST: FILE, FILE`, one each.
    package var stays: [String]
    /// Why retention does nothing at all just now; nil when it would.
    package var suspended: String?
    /// Databases of which nothing is deleted just now although something would go, each with the reason.
    package var rests: [String]?

    package init(
        digest: String, at: Date, items: [CleanupItem], bytesFreed: Int64, stays: [String] = [],
        suspended: String? = nil, rests: [String]? = nil
    ) {
        self.rests = rests
        self.digest = digest
        self.at = at
        self.items = items
        self.bytesFreed = bytesFreed
        self.stays = stays
        self.suspended = suspended
    }
}

/// One backup's fate.
package struct CleanupItem: Codable, Sendable, Equatable {
    package var backup: UUID
    package var agent: String
    package var database: DatabaseName
    package var tiers: [Tier]
    package var nominalAt: Date
    package var recordedAt: Date
    package var storedBytes: Int64
    package var delete: Bool
    package var reason: String
    /// The moment whose data it holds. Nil from a coordinator that does not say.
    package var snapshotAt: Date?

    package init(
        backup: UUID, agent: String, database: DatabaseName, tiers: [Tier], nominalAt: Date, recordedAt: Date,
        storedBytes: Int64, delete: Bool, reason: String, snapshotAt: Date? = nil
    ) {
        self.snapshotAt = snapshotAt
        self.backup = backup
        self.agent = agent
        self.database = database
        self.tiers = tiers
        self.nominalAt = nominalAt
        self.recordedAt = recordedAt
        self.storedBytes = storedBytes
        self.delete = delete
        self.reason = reason
    }
}

/// `POST /v1/cleanup`.
package struct CleanupRequest: Codable, Sendable, Equatable {
    package var digest: String

    package init(digest: String) {
        self.digest = digest
    }
}

/// What was done.
package struct CleanupResult: Codable, Sendable, Equatable {
    package var deleted: [UUID]
    /// Copies whose agent has still to delete them, or that the store refused to delete, in words.
    package var pending: [String]
    /// Copies that nobody can delete, since their agent was revoked: `FOLDER on HOST: FILE, FILE`, one each.
    package var stays: [String]
    package var bytesFreed: Int64
    /// Databases of which nothing was deleted although something would go, each with the reason.
    package var rests: [String]?

    package init(
        deleted: [UUID], pending: [String], stays: [String], bytesFreed: Int64, rests: [String]? = nil
    ) {
        self.rests = rests
        self.deleted = deleted
        self.pending = pending
        self.stays = stays
        self.bytesFreed = bytesFreed
    }
}
