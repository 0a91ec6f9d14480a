import Catalog
import Domain
import Foundation

enum IncidentKind {
    static let failed = "failed"
    static let overdue = "overdue"
    static let offline = "offline"
    static let damaged = "damaged"
    static let identity = "identity"
    static let undeleted = "undeleted"
}

/// What makes two incidents the same one.
enum IncidentKey {
    static func failed(_ database: DatabaseRecord) -> String { "failed:\(database.id)" }
    /// What the key of an overdue database begins with; behind it stands what of it is.
    static func overdue(_ database: DatabaseRecord) -> String { "overdue:\(database.id)" }
    static func overdue(_ database: DatabaseRecord, _ missing: Set<String>) -> String {
        "\(overdue(database)):\(missing.sorted().joined(separator: ","))"
    }
    static func offline(_ agent: UUID) -> String { "offline:\(agent.uuidString.lowercased())" }
    static func identity(_ agent: UUID) -> String { "identity:\(agent.uuidString.lowercased())" }
    static func damaged(_ backup: UUID) -> String { "damaged:\(backup.uuidString.lowercased())" }
    /// One for a host and a destination: what keeps one backup there mostly keeps all.
    static func undeleted(_ agent: UUID, _ destination: String) -> String {
        "undeleted:\(agent.uuidString.lowercased()):\(destination)"
    }

    static func database(ofFailed key: String) -> Int64? {
        key.hasPrefix("failed:") ? Int64(key.dropFirst("failed:".count)) : nil
    }

    /// What was overdue when the incident was told.
    static func missing(ofOverdue key: String) -> Set<String> {
        Set(key.split(separator: ":", maxSplits: 2).dropFirst(2).joined().split(separator: ",").map(String.init))
    }

    static func agent(ofOffline key: String) -> UUID? {
        key.hasPrefix("offline:") ? UUID(uuidString: String(key.dropFirst("offline:".count))) : nil
    }
}

extension IncidentCondition {
    static func failed(_ database: DatabaseRecord, error: String) -> Self {
        Self(
            key: IncidentKey.failed(database), kind: IncidentKind.failed, isCritical: true, agent: database.agentName,
            database: database.name.rawValue, environment: database.environment,
            title: "Backup of \(database.name) on \(database.agentName) failed", detail: error)
    }

    static func overdue(_ database: DatabaseRecord, _ overdue: Protection.Overdue) -> Self {
        Self(
            key: IncidentKey.overdue(database, overdue.missing), kind: IncidentKind.overdue, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "Backup of \(database.name) on \(database.agentName) is overdue", detail: overdue.reason)
    }

    static func offline(_ agent: AgentRecord, lastSeenAt: Date?) -> Self {
        Self(
            key: IncidentKey.offline(agent.id), kind: IncidentKind.offline, isCritical: false, agent: agent.name,
            environment: agent.labels["env"], title: "Agent \(agent.name) is offline",
            detail: lastSeenAt.map { "last seen \(Timestamp.seconds($0))" } ?? "never seen since it joined")
    }

    static func damaged(_ backup: BackupRecord, _ database: DatabaseRecord, finding: String) -> Self {
        Self(
            key: IncidentKey.damaged(backup.id), kind: IncidentKind.damaged, isCritical: true,
            agent: database.agentName, database: database.name.rawValue, environment: database.environment,
            title: "A backup of \(database.name) on \(database.agentName) is damaged",
            detail: "backup \(backup.id.uuidString.lowercased()): \(finding)")
    }

    static func undeleted(
        _ backup: BackupRecord, _ database: DatabaseRecord, _ destination: String, reason: String
    ) -> Self {
        Self(
            key: IncidentKey.undeleted(database.agent, destination), kind: IncidentKind.undeleted, isCritical: false,
            agent: database.agentName, environment: database.environment,
            title: "Expired backups cannot be deleted on \(database.agentName)",
            detail:
                "destination \(destination), backup \(backup.id.uuidString.lowercased()) of \(database.name) for one, asked for "
                + "since a day: \(reason)")
    }

    static func identityClash(_ agent: AgentRecord, remote: String) -> Self {
        Self(
            key: IncidentKey.identity(agent.id), kind: IncidentKind.identity, isCritical: true,
            agent: agent.name, environment: agent.labels["env"],
            title: "Another key claims to be agent \(agent.name)",
            detail: "a host at \(remote) tried to join with this agent's id and a key of its own; it was refused")
    }

    static func succeeded(_ database: DatabaseRecord, bytes: Int64) -> Self {
        Self(
            key: "", kind: "succeeded", isCritical: false, agent: database.agentName, database: database.name.rawValue,
            environment: database.environment, title: "Backup of \(database.name) on \(database.agentName) succeeded",
            detail: "\(bytes) bytes stored")
    }
}

extension DatabaseRecord {
    /// What alerts call the environment: the label `env`.
    var environment: String? { allLabels["env"] }
}
