package import Foundation

/// `POST /v1/enrol`: a host asks for its certificate. The token is the secret of a join string.
package struct EnrolmentRequest: Codable, Sendable {
    package var version: ProtocolVersion
    package var tokenId: String
    package var tokenSecret: String
    /// Made on the host at the first join and kept: a repeated join with the same key is the same agent.
    package var agentId: UUID
    package var name: String
    /// PEM; its key is the agent's identity, everything else in it is ignored.
    package var csr: String
    package var holdfast: String

    package init(
        version: ProtocolVersion = .current, tokenId: String, tokenSecret: String, agentId: UUID, name: String,
        csr: String, holdfast: String
    ) {
        self.version = version
        self.tokenId = tokenId
        self.tokenSecret = tokenSecret
        self.agentId = agentId
        self.name = name
        self.csr = csr
        self.holdfast = holdfast
    }
}

/// `POST /v1/renew`: a new certificate for a known, unrevoked key. No client certificate is needed: the request is
/// signed by the very key (the CSR's own signature), and gives nothing to one who does not hold it.
package struct RenewalRequest: Codable, Sendable {
    package var version: ProtocolVersion
    package var agentId: UUID
    package var csr: String

    package init(version: ProtocolVersion = .current, agentId: UUID, csr: String) {
        self.version = version
        self.agentId = agentId
        self.csr = csr
    }
}

/// The answer to both.
package struct EnrolmentResponse: Codable, Sendable {
    package var version: ProtocolVersion
    package var agentId: UUID
    /// The name that the coordinator knows this agent by.
    package var name: String
    /// PEM, 90 days.
    package var certificate: String
    /// PEM, all that the agent is to trust.
    package var caBundle: String
    /// Public keys (SubjectPublicKeyInfo in base64) of the hosts whose place this one took: their backups are its own. Only after
    /// a join.
    package var predecessors: [String]?

    package init(
        version: ProtocolVersion = .current, agentId: UUID, name: String, certificate: String, caBundle: String,
        predecessors: [String]? = nil
    ) {
        self.version = version
        self.agentId = agentId
        self.name = name
        self.certificate = certificate
        self.caBundle = caBundle
        self.predecessors = predecessors
    }
}
