package import Foundation

/// One enrolled host, as the catalog holds it.
package struct AgentRecord: Sendable, Equatable {
    package let id: UUID
    package let name: String
    package var labels: [String: String]
    /// SHA-256 of the public key, in hexadecimal: the agent's identity.
    package let keyFingerprint: String
    package var certificateFingerprint: String
    package var certificateNotAfter: Date
    /// Id of the join token that it came with.
    package let joinToken: String
    package let enrolledAt: Date
    package var revokedAt: Date?
    package var lastSeenAt: Date?
    package var version: String?
    package var clockSkewMilliseconds: Int64?
    package var spoolDepth: Int?
    /// When it last told of its databases.
    package var factsAt: Date?
    package var planRevision: Int

    package init(
        id: UUID, name: String, labels: [String: String], keyFingerprint: String, certificateFingerprint: String,
        certificateNotAfter: Date, joinToken: String, enrolledAt: Date
    ) {
        self.id = id
        self.name = name
        self.labels = labels
        self.keyFingerprint = keyFingerprint
        self.certificateFingerprint = certificateFingerprint
        self.certificateNotAfter = certificateNotAfter
        self.joinToken = joinToken
        self.enrolledAt = enrolledAt
        planRevision = 0
    }
}

/// What a check-in says of its agent, kept in memory and written in batches.
package struct AgentSighting: Sendable, Equatable {
    package var at: Date
    package var version: String
    package var clockSkewMilliseconds: Int64
    package var spoolDepth: Int

    package init(at: Date, version: String, clockSkewMilliseconds: Int64, spoolDepth: Int) {
        self.at = at
        self.version = version
        self.clockSkewMilliseconds = clockSkewMilliseconds
        self.spoolDepth = spoolDepth
    }
}
