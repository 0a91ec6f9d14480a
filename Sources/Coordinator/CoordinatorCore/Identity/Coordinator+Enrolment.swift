import Catalog
package import Domain
import Foundation
import Logging
import Sealing
package import Wire

extension Coordinator {
    /// A host joins. A repeated join with the same key is the same agent, also with a token that it used up itself: an answer that
    /// was lost is given again. With a token that says so, or under the name of a revoked agent, a host takes that agent's place:
    /// its id, its name and its backups, by a key of its own.
    ///
    /// Throws `.forbidden` for a token that is wrong, used up, expired or revoked and for a key that is not the one this
    /// agent is known by (which is also alerted) or that was replaced or revoked, `.exists` when another agent has the name or one
    /// that differs by capital letters only, `.usage` for a name that looks like an id.
    package func enrol(_ request: EnrolmentRequest, remote: String) async throws(BackupError) -> EnrolmentResponse {
        try Self.check(request.version)
        let now = world.now()
        try Self.check(name: request.name)
        let certificate = try issue(request.csr, request.agentId, now)
        let channels = fleet.alerts.channels
        let entry = Entry(request: request, certificate: certificate, remote: remote, now: now)
        let outcome = try await catalog.write { update in
            let outcome = try entry.join(in: update)
            switch outcome {
            case .clash(let known):
                try update.open(.identityClash(known, remote: remote), channels: channels, at: now)
            case .joined(let agent, .underFreedName):
                try update.open(.nameTaken(agent, remote: remote), channels: channels, at: now)
            case .joined, .refused: break
            }
            if case .joined = outcome { try CatalogMark.advance(update) }
            return outcome
        }
        switch outcome {
        case .clash:
            bells.ring(.alerts)
            throw BackupError(
                .forbidden,
                "this agent id is enrolled with another key: join with another --data-dir and under another --name")
        case .refused(let error): throw error
        case .joined(let agent, let way):
            if way == .inAnothersPlace || way == .underFreedName {
                fences.forget(agent.id)
                presence.forget(agent.id)
                // Whoever of before still waits for an answer is refused now.
                presence.wake([agent.id])
                bells.ring(.alerts)
            }
            copySoon()
            logger.info("agent enrolled", metadata: ["agent": "\(agent.name)", "id": "\(agent.id)"])
            // Its id may be another than the one that it made for itself.
            let own =
                agent.id == request.agentId ? certificate : try issue(request.csr, agent.id, now)
            if own != certificate {
                try await catalog.write {
                    try $0.setCertificate(of: agent.id, fingerprint: own.fingerprint, notAfter: own.notAfter)
                }
            }
            return try response(agent.id, agent.name, own, predecessors: agent.previousKeys)
        }
    }

    /// What a name of an agent is.
    static var agentName: Regex<Substring> { /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/ }

    /// A name is the first folder of a host's keys, and what operators say instead of an id.
    private static func check(name: String) throws(BackupError) {
        guard name.wholeMatch(of: agentName) != nil else {
            throw BackupError(
                .usage, "an agent's name must be 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit")
        }
        guard UUID(uuidString: name) == nil else {
            throw BackupError(
                .usage, "\(name) looks like an id, and could be taken for another agent's: join with --name")
        }
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
        _ id: UUID, _ name: String, _ certificate: Certificate, predecessors: [String]? = nil
    ) throws(BackupError) -> EnrolmentResponse {
        let pem = try sealing("writing the certificate", .bug) { () throws(SealingError) in try certificate.pem() }
        return EnrolmentResponse(
            agentId: id, name: name, certificate: pem, caBundle: serverIdentity.caPEM,
            predecessors: predecessors?.isEmpty == false ? predecessors : nil)
    }
}
