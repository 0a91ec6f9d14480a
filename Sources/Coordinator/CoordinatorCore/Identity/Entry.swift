import Catalog
import Domain
import Foundation
import Sealing
import Wire

/// One host's wish to join, decided within one transaction.
struct Entry: Sendable {
    /// What came of it. A refusal of which something is kept is a value: a thrown one would undo that.
    enum Outcome: Sendable {
        case joined(AgentRecord, Way)
        case refused(BackupError)
        /// The agent of this id has another key.
        case clash(AgentRecord)
    }

    enum Way: Sendable {
        case again, asNew
        /// By an operator's word, `token create --replace`.
        case inAnothersPlace
        /// Of a revoked host, by a plain join string.
        case underFreedName
    }

    let request: EnrolmentRequest
    let certificate: Certificate
    let remote: String
    let now: Date

    func join(in update: CatalogUpdate) throws -> Outcome {
        let token = try usableToken(in: update)
        // The key says who it is: a host whose first answer was lost knows neither its id nor that it joined.
        if let known = try update.agent(withKey: certificate.keyFingerprint) {
            return try joinAgain(known, token, in: update)
        }
        if let id = token.replaces { return try replace(id, token, in: update) }
        if let known = try update.agent(request.agentId) {
            guard known.revokedAt == nil else { return try refuseRevoked(known, in: update) }
            try update.audit(known.name, "enrol refused", known.id.uuidString, detail: "another key", at: now)
            return .clash(known)
        }
        if let other = try update.agent(named: request.name) {
            guard other.revokedAt != nil else {
                throw BackupError(
                    .exists,
                    "another agent is called \(other.name): join with --name, or, when this host takes its place, with a "
                        + "join string of `holdfast token create --replace \(other.name)`")
            }
            // Its name is free, and its backups are under it; whom it trusted is not for us to say.
            return try takePlace(of: other, token, trusted: [], .underFreedName, in: update)
        }
        if let other = try update.agent(spelledLike: request.name) {
            throw BackupError(
                .exists,
                "another agent is called \(other.name), which differs from \(request.name) by capital letters only: join "
                    + "with --name")
        }
        try update.useJoinToken(token.id)
        var agent = AgentRecord(
            id: request.agentId, name: request.name, labels: token.labels, keyFingerprint: certificate.keyFingerprint,
            certificateFingerprint: certificate.fingerprint, certificateNotAfter: certificate.notAfter,
            joinToken: token.id, enrolledAt: now)
        agent.publicKey = publicKey
        try update.add(agent)
        try update.audit(agent.name, "enrol", agent.id.uuidString, detail: "from \(remote)", at: now)
        return .joined(agent, .asNew)
    }

    private func usableToken(in update: CatalogUpdate) throws -> JoinTokenRecord {
        guard let token = try update.joinToken(request.tokenId), token.revokedAt == nil,
            Secret.matches(request.tokenSecret, hash: token.secretHash)
        else {
            throw BackupError(.forbidden, "the join string is not valid; make another with `holdfast token create`")
        }
        guard now < token.expiresAt else {
            throw BackupError(.forbidden, "the join string has expired; make another with `holdfast token create`")
        }
        return token
    }

    private func joinAgain(_ known: AgentRecord, _ token: JoinTokenRecord, in update: CatalogUpdate) throws -> Outcome {
        guard known.revokedAt == nil else { return try refuseRevoked(known, in: update) }
        guard token.replaces == nil || token.replaces == known.id else {
            throw BackupError(
                .usage, "this host is agent \(known.name) already, and the join string is for another one's place")
        }
        // Its first answer may have been lost: the same host may use the same token again.
        if known.joinToken != token.id { try update.useJoinToken(token.id) }
        try update.setCertificate(
            of: known.id, fingerprint: certificate.fingerprint, notAfter: certificate.notAfter)
        return .joined(known, .again)
    }

    private func refuseRevoked(_ known: AgentRecord, in update: CatalogUpdate) throws -> Outcome {
        try update.audit(known.name, "enrol refused", known.id.uuidString, detail: "revoked", at: now)
        return .refused(
            BackupError(
                .forbidden,
                "this agent id was revoked for good: join with another --data-dir and under another --name, or in its place "
                    + "with another --data-dir and a join string of `holdfast token create --replace \(known.name)`"))
    }

    private func replace(_ id: UUID, _ token: JoinTokenRecord, in update: CatalogUpdate) throws -> Outcome {
        guard let place = try update.agent(id) else { throw BackupError(.bug, "a replaced agent vanished") }
        if let known = try update.agent(request.agentId), known.id != place.id {
            throw BackupError(
                .usage,
                "this data directory is agent \(known.name)'s, and the join string is for the place of \(place.name): join "
                    + "with another --data-dir")
        }
        guard !place.previousKeys.contains(publicKey) else {
            try update.audit(place.name, "enrol refused", place.id.uuidString, detail: "replaced", at: now)
            return .refused(
                BackupError(
                    .forbidden,
                    "another host took this one's place, and this key is refused since: join with another --data-dir"))
        }
        return try takePlace(
            of: place, token, trusted: place.previousKeys + [place.publicKey].compactMap(\.self), .inAnothersPlace,
            in: update)
    }

    /// `trusted` are the keys of those before whose backups count as this host's own.
    private func takePlace(
        of agent: AgentRecord, _ token: JoinTokenRecord, trusted: [String], _ way: Way, in update: CatalogUpdate
    ) throws -> Outcome {
        try update.useJoinToken(token.id)
        var next = agent
        if !token.labels.isEmpty { next.labels = token.labels }
        (next.keyFingerprint, next.publicKey, next.previousKeys) = (certificate.keyFingerprint, publicKey, trusted)
        (next.certificateFingerprint, next.certificateNotAfter) = (certificate.fingerprint, certificate.notAfter)
        (next.joinToken, next.enrolledAt, next.revokedAt) = (token.id, now, nil)
        try update.takeOver(next)
        let why = "another host took the place of its host"
        try update.endWork(of: agent.id, message: why, at: now)
        for var run in try update.openRuns() where try update.databaseRecord(run.database)?.agent == agent.id {
            guard let end = RunMachine.next(from: run.stage, on: .abandoned) else { continue }
            (run.state, run.finishedAt, run.reason) = (end.state, now, why)
            try update.save(run, at: now)
        }
        for key in [IncidentKey.offline, IncidentKey.identity, IncidentKey.clone, IncidentKey.older] {
            try update.resolve(key: key(agent.id), at: now)
        }
        try update.audit(agent.name, "enrol", agent.id.uuidString, detail: "in its place, from \(remote)", at: now)
        return .joined(next, way)
    }

    private var publicKey: String { Data(certificate.spki).base64EncodedString() }
}
