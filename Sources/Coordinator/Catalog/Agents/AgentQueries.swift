import Domain
package import Foundation
import GRDB
package import Wire

extension CatalogView {
    /// All agents by name.
    package func agents() throws -> [AgentRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM agent ORDER BY name").map(Self.agent)
    }

    package func agent(_ id: UUID) throws -> AgentRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM agent WHERE id = ?", arguments: [id.text]).map(Self.agent)
    }

    package func agent(named name: String) throws -> AgentRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM agent WHERE name = ?", arguments: [name]).map(Self.agent)
    }

    /// The agent, revoked or not, that has this key now.
    package func agent(withKey fingerprint: String) throws -> AgentRecord? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM agent WHERE keyFingerprint = ? ORDER BY revokedAt IS NOT NULL LIMIT 1",
            arguments: [fingerprint]
        ).map(Self.agent)
    }

    /// An agent whose name is another one, but only by its capital letters.
    package func agent(spelledLike name: String) throws -> AgentRecord? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM agent WHERE name = ?1 COLLATE NOCASE AND name <> ?1 LIMIT 1",
            arguments: [name]
        ).map(Self.agent)
    }

    /// The agent of this id or name; an id that is one wins over a name that looks like it. Throws `.notFound`.
    package func requiredAgent(_ nameOrId: String) throws -> AgentRecord {
        if let id = UUID(uuidString: nameOrId), let agent = try agent(id) { return agent }
        if let agent = try agent(named: nameOrId) { return agent }
        throw BackupError(.notFound, "no agent is called \(nameOrId); see `holdfast agent list`")
    }

    /// What the agent was last told to do; the empty plan before that.
    package func plan(of agent: UUID) throws -> Plan {
        let text = try String.fetchOne(database, sql: "SELECT plan FROM agent WHERE id = ?", arguments: [agent.text])
        return try text.map { try JSONColumn.decode($0) } ?? .empty
    }

    /// The revision of that.
    package func planRevision(of agent: UUID) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT planRevision FROM agent WHERE id = ?", arguments: [agent.text]) ?? 0
    }

    /// Whether more than one agent is enrolled and not revoked, without reading them all.
    package func hasFleet() throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM agent WHERE revokedAt IS NULL LIMIT 1 OFFSET 1)") ?? false
    }

    private static func agent(_ row: Row) throws -> AgentRecord {
        var agent = AgentRecord(
            id: try row.requiredUUID("id"), name: row["name"], labels: try row.json("labels"),
            keyFingerprint: row["keyFingerprint"], certificateFingerprint: row["certificateFingerprint"],
            certificateNotAfter: row.requiredDate("certificateNotAfter"), joinToken: row["joinToken"],
            enrolledAt: row.requiredDate("enrolledAt"))
        agent.revokedAt = row.date("revokedAt")
        agent.lastSeenAt = row.date("lastSeenAt")
        agent.version = row["version"]
        agent.clockSkewMilliseconds = row["clockSkew"]
        agent.spoolDepth = row["spoolDepth"]
        agent.factsAt = row.date("factsAt")
        agent.planRevision = row["planRevision"]
        agent.publicKey = row["publicKey"]
        agent.previousKeys = try row.json("previousKeys")
        agent.limits = try (row["limits"] as String?).map { try JSONColumn.decode($0) }
        agent.putAside = row["putAside"]
        agent.trouble = row["trouble"]
        return agent
    }
}
