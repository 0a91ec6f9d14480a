import Domain
package import Foundation
import GRDB
package import Wire

extension CatalogUpdate {
    /// Adds a new agent. Throws `.exists` when its id or name is taken.
    package func add(_ agent: AgentRecord) throws {
        guard try self.agent(agent.id) == nil, try self.agent(named: agent.name) == nil else {
            throw BackupError(.exists, "an agent with this name or id is enrolled already")
        }
        try database.execute(
            sql: """
                INSERT INTO agent (id, name, labels, keyFingerprint, certificateFingerprint, certificateNotAfter,
                    joinToken, enrolledAt) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                agent.id.text, agent.name, try JSONColumn.encode(agent.labels), agent.keyFingerprint,
                agent.certificateFingerprint, agent.certificateNotAfter.milliseconds, agent.joinToken,
                agent.enrolledAt.milliseconds,
            ])
    }

    package func setCertificate(of agent: UUID, fingerprint: String, notAfter: Date) throws {
        try database.execute(
            sql: "UPDATE agent SET certificateFingerprint = ?, certificateNotAfter = ? WHERE id = ?",
            arguments: [fingerprint, notAfter.milliseconds, agent.text])
    }

    package func revoke(agent: UUID, at now: Date) throws {
        try database.execute(
            sql: "UPDATE agent SET revokedAt = coalesce(revokedAt, ?) WHERE id = ?",
            arguments: [now.milliseconds, agent.text])
    }

    /// Writes what many check-ins said, at once.
    package func record(_ sightings: [UUID: AgentSighting]) throws {
        for (agent, sighting) in sightings {
            try database.execute(
                sql: """
                    UPDATE agent SET lastSeenAt = max(coalesce(lastSeenAt, 0), ?), version = ?, clockSkew = ?,
                        spoolDepth = ?, putAside = ?, trouble = ? WHERE id = ?
                    """,
                arguments: [
                    sighting.at.milliseconds, sighting.version, sighting.clockSkewMilliseconds, sighting.spoolDepth,
                    sighting.putAside, sighting.trouble, agent.text,
                ])
        }
    }

    package func setLimits(_ limits: HostLimits?, of agent: UUID) throws {
        try database.execute(
            sql: "UPDATE agent SET limits = ? WHERE id = ?",
            arguments: [try limits.map(JSONColumn.encode), agent.text])
    }

    package func setPlan(_ plan: Plan, of agent: UUID) throws {
        try database.execute(
            sql: "UPDATE agent SET plan = ?, planRevision = ? WHERE id = ?",
            arguments: [try JSONColumn.encode(plan), plan.revision, agent.text])
    }
}
