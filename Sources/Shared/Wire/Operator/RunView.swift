package import Domain
package import Foundation

/// One run, with its progress while it runs.
package struct RunView: Codable, Sendable, Equatable {
    package var id: UUID
    package var agent: String
    package var database: DatabaseName
    package var kind: DatabaseKind
    package var policy: String
    package var tiers: [Tier]
    package var state: RunState
    package var attempt: Int
    package var nominalAt: Date
    package var startedAt: Date?
    package var finishedAt: Date?
    package var phase: String?
    package var plainBytes: Int64?
    package var storedBytes: Int64?
    package var backup: UUID?
    package var reason: String?
    package var failure: Failure?
    package var destinations: [DestinationResult]
    /// With all its attempts and what lies between them, in seconds; nil until it has ended.
    package var tookSeconds: Double?

    package init(
        id: UUID, agent: String, database: DatabaseName, kind: DatabaseKind, policy: String, tiers: [Tier],
        state: RunState, attempt: Int, nominalAt: Date, startedAt: Date? = nil, finishedAt: Date? = nil,
        phase: String? = nil, plainBytes: Int64? = nil, storedBytes: Int64? = nil, backup: UUID? = nil,
        reason: String? = nil, failure: Failure? = nil, destinations: [DestinationResult]
    ) {
        self.id = id
        self.agent = agent
        self.database = database
        self.kind = kind
        self.policy = policy
        self.tiers = tiers
        self.state = state
        self.attempt = attempt
        self.nominalAt = nominalAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.phase = phase
        self.plainBytes = plainBytes
        self.storedBytes = storedBytes
        self.backup = backup
        self.reason = reason
        self.failure = failure
        self.destinations = destinations
        if let startedAt, let finishedAt { tookSeconds = max(0, finishedAt.timeIntervalSince(startedAt)) }
    }
}

/// `POST /v1/backups`: back up now what these select; nil selects all.
package struct BackupRequest: Codable, Sendable, Equatable {
    /// `database`, `application` or `all`.
    package var type: String
    package var tier: Tier
    package var agent: String?
    package var database: DatabaseName?

    package init(type: String, tier: Tier, agent: String? = nil, database: DatabaseName? = nil) {
        self.type = type
        self.tier = tier
        self.agent = agent
        self.database = database
    }
}

/// The runs that were asked for, one a database.
package struct BackupStarted: Codable, Sendable, Equatable {
    package var runs: [RunView]
    /// Databases that were selected and cannot be backed up now, each with the reason.
    package var skipped: [String]

    package init(runs: [RunView], skipped: [String]) {
        self.runs = runs
        self.skipped = skipped
    }
}
