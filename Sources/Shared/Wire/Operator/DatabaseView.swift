package import Domain
package import Foundation

/// How one database's protection stands.
package enum DatabaseState: String, Codable, Sendable, CaseIterable {
    /// The newest good backup is young enough.
    case ok
    /// No good backup within the recovery point objective or since the last occurrence.
    case overdue
    /// The last run failed, but the newest good backup is still young enough.
    case failing
    /// Never had a good backup, and none is overdue yet.
    case waiting
    /// No policy selects it.
    case unprotected
    /// Its agent no longer declares it.
    case gone
}

/// One database, as `status` and `database list` show it.
package struct DatabaseView: Codable, Sendable, Equatable {
    package var name: DatabaseName
    package var agent: String
    package var kind: DatabaseKind
    package var state: DatabaseState
    package var lastGoodAt: Date?
    package var lastGoodBackup: UUID?
    package var nextAt: Date?
    package var rpoSeconds: Int?
    /// nil when there is no objective.
    package var rpoMet: Bool?
    /// Proof level 0 to 5 of the newest good backup; nil when nothing is proven.
    package var proof: Int?
    package var lastError: String?
    package var policies: [String]
    package var sizeBytes: Int64?
    package var serverVersion: String?
    /// What the agent says would stop a backup.
    package var problem: String?
    package var labels: [String: String]
    /// When an operator said that it is meant to be backed up no more.
    package var retiredAt: Date?

    package init(
        name: DatabaseName, agent: String, kind: DatabaseKind, state: DatabaseState, lastGoodAt: Date? = nil,
        lastGoodBackup: UUID? = nil, nextAt: Date? = nil, rpoSeconds: Int? = nil, rpoMet: Bool? = nil,
        proof: Int? = nil, lastError: String? = nil, policies: [String], sizeBytes: Int64? = nil,
        serverVersion: String? = nil, problem: String? = nil, labels: [String: String]
    ) {
        self.name = name
        self.agent = agent
        self.kind = kind
        self.state = state
        self.lastGoodAt = lastGoodAt
        self.lastGoodBackup = lastGoodBackup
        self.nextAt = nextAt
        self.rpoSeconds = rpoSeconds
        self.rpoMet = rpoMet
        self.proof = proof
        self.lastError = lastError
        self.policies = policies
        self.sizeBytes = sizeBytes
        self.serverVersion = serverVersion
        self.problem = problem
        self.labels = labels
    }
}
