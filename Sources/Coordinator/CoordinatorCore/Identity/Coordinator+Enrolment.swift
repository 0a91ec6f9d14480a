import Catalog
package import Domain
import Foundation
import Logging
import Sealing
package import Wire

extension Coordinator {
    /// A host joins. A repeated join with the same key is the same agent, also with a token that it used up itself.
    ///
    /// Throws `.forbidden` for a token that is wrong, used up, expired or revoked and for a key that is not the one this
    /// agent is known by (which is also alerted), `.exists` when another agent has the name.
    package func enrol(_ request: EnrolmentRequest, remote: String) async throws(BackupError) -> EnrolmentResponse {
        try Self.check(request.version)
        let now = world.now()
        guard request.name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil else {
            throw BackupError(
                .usage, "an agent's name must be 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit")
        }
        let certificate = try issue(request.csr, request.agentId, now)
        let channels = fleet.alerts.channels
        let outcome = try await catalog.write { update in
            try Self.enrol(request, certificate, remote: remote, channels: channels, in: update, at: now)
        }
        if outcome.isClash { bells.ring(.alerts) }
        guard let name = outcome.name else {
            let why = outcome.isClash ? "is enrolled with another key" : "was revoked for good"
            throw BackupError(.forbidden, "this agent id \(why): join with another --data-dir and under another --name")
        }
        logger.info("agent enrolled", metadata: ["agent": "\(name)", "id": "\(request.agentId)"])
        return try response(request.agentId, name, certificate)
    }

    /// A new certificate for a known, unrevoked key whose certificate is valid or ran out less than 30 days ago.
    package func renew(_ request: RenewalRequest) async throws(BackupError) -> EnrolmentResponse {
        try Self.check(request.version)
        let now = world.now()
        let certificate = try issue(request.csr, request.agentId, now)
        let agent = try await catalog.write { update -> AgentRecord in
            guard let agent = try update.agent(request.agentId), agent.keyFingerprint == certificate.keyFingerprint,
                agent.revokedAt == nil
            else { throw BackupError(.forbidden, "no agent is enrolled with this key") }
            guard now < agent.certificateNotAfter + 30 * 86_400 else {
                throw BackupError(.forbidden, "the certificate ran out more than 30 days ago; join again")
            }
            try update.setCertificate(
                of: agent.id, fingerprint: certificate.fingerprint, notAfter: certificate.notAfter)
            try update.audit(agent.name, "renew", agent.id.uuidString, at: now)
            return agent
        }
        return try response(agent.id, agent.name, certificate)
    }

    static func check(_ version: ProtocolVersion) throws(BackupError) {
        guard ProtocolVersion.accepted.contains(version.rawValue) else {
            throw BackupError(
                .usage,
                "protocol \(version.rawValue) is not spoken here (\(ProtocolVersion.accepted.lowerBound) to "
                    + "\(ProtocolVersion.accepted.upperBound) are); upgrade the older of the two programs")
        }
    }

    private func issue(_ csr: String, _ agent: UUID, _ now: Date) throws(BackupError) -> Certificate {
        try sealing("reading the certificate request", .usage) { () throws(SealingError) in
            try authority.issueAgent(csrPEM: csr, agentID: agent, now: now)
        }
    }

    private func response(
        _ id: UUID, _ name: String, _ certificate: Certificate
    ) throws(BackupError) -> EnrolmentResponse {
        let pem = try sealing("writing the certificate", .bug) { () throws(SealingError) in try certificate.pem() }
        return EnrolmentResponse(agentId: id, name: name, certificate: pem, caBundle: serverIdentity.caPEM)
    }

    /// The agent's name; nil when it was revoked, and, with an incident, when its id is known by another key.
    private static func enrol(
        _ request: EnrolmentRequest, _ certificate: Certificate, remote: String, channels: [String],
        in update: CatalogUpdate, at now: Date
    ) throws -> (name: String?, isClash: Bool) {
        let refusal = BackupError(.forbidden, "the join string is not valid; make another with `holdfast token create`")
        guard let token = try update.joinToken(request.tokenId), token.revokedAt == nil,
            Secret.matches(request.tokenSecret, hash: token.secretHash)
        else { throw refusal }
        guard now < token.expiresAt else {
            throw BackupError(.forbidden, "the join string has expired; make another with `holdfast token create`")
        }
        if let known = try update.agent(request.agentId) {
            guard known.revokedAt == nil else {
                try update.audit(known.name, "enrol refused", known.id.uuidString, detail: "revoked", at: now)
                return (nil, false)
            }
            guard known.keyFingerprint == certificate.keyFingerprint else {
                try update.open(.identityClash(known, remote: remote), channels: channels, at: now)
                try update.audit(known.name, "enrol refused", known.id.uuidString, detail: "another key", at: now)
                return (nil, true)
            }
            // Its first answer may have been lost: the same host may use the same token again.
            if known.joinToken != token.id { try update.useJoinToken(token.id) }
            try update.setCertificate(
                of: known.id, fingerprint: certificate.fingerprint, notAfter: certificate.notAfter)
            return (known.name, false)
        }
        if let other = try update.agent(named: request.name) {
            throw BackupError(.exists, "another agent is called \(other.name); join with --name")
        }
        try update.useJoinToken(token.id)
        try update.add(
            AgentRecord(
                id: request.agentId, name: request.name, labels: token.labels,
                keyFingerprint: certificate.keyFingerprint, certificateFingerprint: certificate.fingerprint,
                certificateNotAfter: certificate.notAfter, joinToken: token.id, enrolledAt: now))
        try update.audit(request.name, "enrol", request.agentId.uuidString, detail: "from \(remote)", at: now)
        return (request.name, false)
    }
}
