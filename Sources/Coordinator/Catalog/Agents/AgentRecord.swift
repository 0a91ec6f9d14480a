package import Foundation
package import Wire

/// One enrolled host, as the catalog holds it.
package struct AgentRecord: Sendable, Equatable {
    package let id: UUID
    package let name: String
    package var labels: [String: String]
    /// SHA-256 of the public key, in hexadecimal: the agent's identity.
    package var keyFingerprint: String
    package var certificateFingerprint: String
    package var certificateNotAfter: Date
    /// Id of the join token that it came with.
    package var joinToken: String
    package var enrolledAt: Date
    package var revokedAt: Date?
    package var lastSeenAt: Date?
    package var version: String?
    package var clockSkewMilliseconds: Int64?
    package var spoolDepth: Int?
    /// When it last told of its databases.
    package var factsAt: Date?
    package var planRevision: Int
    /// Its public key (SubjectPublicKeyInfo, base64), as far as it was seen since the catalog keeps it.
    package var publicKey: String?
    /// Those of the hosts whose place it took.
    package var previousKeys: [String] = []
    /// What the host says that it allows.
    package var limits: HostLimits?
    /// Reports that lie put aside on the host, and what keeps the agent from working.
    package var putAside: Int?
    package var trouble: String?

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
    /// It can be asked what lies in its directories.
    package var answers = false
    /// It can restore parts of an archive.
    package var restoresParts = false
    package var putAside: Int?
    package var trouble: String?

    package init(at: Date, version: String, clockSkewMilliseconds: Int64, spoolDepth: Int) {
        self.at = at
        self.version = version
        self.clockSkewMilliseconds = clockSkewMilliseconds
        self.spoolDepth = spoolDepth
    }
}
