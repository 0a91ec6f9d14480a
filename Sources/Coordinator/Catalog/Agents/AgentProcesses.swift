package import Foundation
import GRDB
package import Wire

/// Which processes have spoken under one agent's identity.
package struct AgentProcesses: Codable, Sendable, Equatable {
    package struct Seen: Codable, Sendable, Equatable {
        package let process: AgentProcess
        package let firstAt: Date
        package var lastAt: Date

        package init(_ process: AgentProcess, at now: Date) {
            self.process = process
            firstAt = now
            lastAt = now
        }
    }

    /// The one whose word counts.
    package var current: Seen?
    /// Those before it, the latest first. While two are held, all that are heard.
    package var earlier: [Seen] = []
    /// Since when two of them are known to be alive at once: nothing of either counts until a person has chosen.
    package var heldAt: Date?
    /// Those that a person has chosen against.
    package var barred: [UUID] = []
    /// The highest number of starts that was told.
    package var generation = 0

    /// So many are remembered.
    package static let most = 16

    package init() {}
}

extension CatalogView {
    package func processes(of agent: UUID) throws -> AgentProcesses {
        let text = try String.fetchOne(
            database, sql: "SELECT processes FROM agent WHERE id = ?", arguments: [agent.text])
        return try text.map { try JSONColumn.decode($0) } ?? AgentProcesses()
    }

    /// Agents of which two processes are alive at once.
    package func heldAgents() throws -> Set<UUID> {
        try Set(
            String.fetchAll(
                database, sql: "SELECT id FROM agent WHERE json_extract(processes, '$.heldAt') IS NOT NULL"
            ).compactMap(UUID.init(uuidString:)))
    }
}

extension CatalogUpdate {
    package func setProcesses(_ processes: AgentProcesses, of agent: UUID) throws {
        try database.execute(
            sql: "UPDATE agent SET processes = ? WHERE id = ?",
            arguments: [try JSONColumn.encode(processes), agent.text])
    }
}
