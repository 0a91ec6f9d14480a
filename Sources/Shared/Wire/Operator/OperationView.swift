package import Domain
package import Foundation

/// How an operation stands.
package enum OperationState: String, Codable, Sendable, CaseIterable {
    /// Waits for its agent.
    case pending
    case running, succeeded, failed
    /// Its agent did not take it in time.
    case expired
    /// An operator ended it. Since 2.
    case cancelled
}

/// Something long that an operator asked for: a verification, a restore, a deletion on a host.
package struct OperationView: Codable, Sendable, Equatable {
    package var id: UUID
    /// `verify`, `restore`, `delete`.
    package var kind: String
    package var agent: String?
    package var database: DatabaseName?
    package var backup: UUID?
    package var state: OperationState
    package var phase: String?
    package var bytes: Int64
    package var totalBytes: Int64?
    package var startedAt: Date
    package var finishedAt: Date?
    package var message: String?
    package var failure: Failure?
    package var proof: Int?
    package var restoredTo: String?
    /// From its acceptance to its end, in seconds; nil until then.
    package var tookSeconds: Double?

    package init(
        id: UUID, kind: String, agent: String? = nil, database: DatabaseName? = nil, backup: UUID? = nil,
        state: OperationState, phase: String? = nil, bytes: Int64, totalBytes: Int64? = nil, startedAt: Date,
        finishedAt: Date? = nil, message: String? = nil, failure: Failure? = nil, proof: Int? = nil,
        restoredTo: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.agent = agent
        self.database = database
        self.backup = backup
        self.state = state
        self.phase = phase
        self.bytes = bytes
        self.totalBytes = totalBytes
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.message = message
        self.failure = failure
        self.proof = proof
        self.restoredTo = restoredTo
        tookSeconds = finishedAt.map { Swift.max(0, $0.timeIntervalSince(startedAt)) }
    }
}

/// `POST /v1/backups/ID/restore`.
package struct RestoreOptions: Codable, Sendable, Equatable {
    /// Name of the agent that restores; nil for the one that made the backup.
    package var agent: String?
    package var target: String?
    package var replace: Bool
    package var skipChecksum: Bool
    package var withGlobals: Bool
    package var tables: [String]
    /// Load all of it with the rights that the agent has, superuser's ones too.
    package var trustOrigin: Bool?
    /// Of files: only these paths, as they were on their host; nil for all.
    package var paths: [String]?
    /// Of files: so many folders are dropped from the beginning of each path.
    package var strip: Int?

    package var manner: RestoreManner?

    package init(
        agent: String? = nil, target: String? = nil, replace: Bool, skipChecksum: Bool, withGlobals: Bool,
        tables: [String], trustOrigin: Bool? = nil, paths: [String]? = nil, strip: Int? = nil,
        manner: RestoreManner? = nil
    ) {
        self.agent = agent
        self.target = target
        self.replace = replace
        self.skipChecksum = skipChecksum
        self.withGlobals = withGlobals
        self.tables = tables
        self.trustOrigin = trustOrigin
        self.paths = paths
        self.strip = strip
        self.manner = manner
    }
}
