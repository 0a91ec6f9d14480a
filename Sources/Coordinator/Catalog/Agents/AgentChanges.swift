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
                    joinToken, enrolledAt, publicKey) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                agent.id.text, agent.name, try JSONColumn.encode(agent.labels), agent.keyFingerprint,
                agent.certificateFingerprint, agent.certificateNotAfter.milliseconds, agent.joinToken,
                agent.enrolledAt.milliseconds, agent.publicKey,
            ])
    }

    /// Another host has this agent's id, name and backups from now on, by the record's key, certificate and labels. Nothing is known
    /// yet of that host itself.
    package func takeOver(_ agent: AgentRecord) throws {
        try database.execute(
            sql: """
                UPDATE agent SET labels = ?, keyFingerprint = ?, certificateFingerprint = ?, certificateNotAfter = ?,
                    joinToken = ?, enrolledAt = ?, publicKey = ?, previousKeys = ?, revokedAt = NULL, lastSeenAt = NULL,
                    version = NULL, clockSkew = NULL, spoolDepth = NULL, factsAt = NULL, processes = NULL,
                    limits = NULL, putAside = NULL, trouble = NULL
                WHERE id = ?
                """,
            arguments: [
                try JSONColumn.encode(agent.labels), agent.keyFingerprint, agent.certificateFingerprint,
                agent.certificateNotAfter.milliseconds, agent.joinToken, agent.enrolledAt.milliseconds, agent.publicKey,
                try JSONColumn.encode(agent.previousKeys), agent.id.text,
            ])
    }

    package func setPublicKey(_ key: String, of agent: UUID) throws {
        try database.execute(sql: "UPDATE agent SET publicKey = ? WHERE id = ?", arguments: [key, agent.text])
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
