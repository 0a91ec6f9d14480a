import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// All agents by name.
    package func agents(by operator: OperatorIdentity) async throws(BackupError) -> [AgentView] {
        try `operator`.require(.viewer, "listing agents")
        let lens = agentLens()
        return try await catalog.read { try lens.views($0, of: $0.agents()) }
    }

    /// One agent by name or id. Throws `.notFound`.
    package func agent(_ nameOrId: String, by operator: OperatorIdentity) async throws(BackupError) -> AgentView {
        try `operator`.require(.viewer, "looking at an agent")
        let lens = agentLens()
        let found = try await catalog.read { try lens.views($0, of: [$0.requiredAgent(nameOrId)]).first }
        guard let found else { throw BackupError(.notFound, "no agent is called \(nameOrId)") }
        return found
    }

    /// From the next request on this agent is refused. Its backups stay. Throws `.notFound`.
    package func revokeAgent(_ nameOrId: String, by operator: OperatorIdentity) async throws(BackupError) -> AgentView {
        try `operator`.require(.admin, "revoking an agent")
        let now = world.now()
        let id = try await catalog.write { update in
            let agent = try update.requiredAgent(nameOrId)
            try update.revoke(agent: agent.id, at: now)
            try update.resolve(key: IncidentKey.offline(agent.id), at: now)
            try update.resolve(key: IncidentKey.identity(agent.id), at: now)
            try update.endWork(of: agent.id, message: "its agent was revoked", at: now)
            for database in try update.databases(agent: agent.id) {
                try update.resolve(key: IncidentKey.failed(database), at: now)
                if let overdue = try update.openIncidentKey(beginning: IncidentKey.overdue(database)) {
                    try update.resolve(key: overdue, at: now)
                }
            }
            try update.audit(`operator`.tokenId, "agent revoke", agent.name, at: now)
            try CatalogMark.advance(update)
            return agent.id
        }
        copySoon()
        presence.wake([id])
        return try await agent(nameOrId, by: `operator`)
    }

    func agentLens() -> AgentLens {
        AgentLens(
            sightings: presence.sightings(), running: presence.running(), startedAt: startedAt, now: world.now())
    }
}

/// How agents look at one instant.
struct AgentLens: Sendable {
    let sightings: [UUID: AgentSighting]
    let running: [UUID: [RunProgress]]
    let startedAt: Date
    let now: Date

    func views(_ view: CatalogView, of agents: [AgentRecord]) throws -> [AgentView] {
        let only = agents.count == 1 ? agents.first?.id : nil
        return try views(view, of: agents, with: view.databases(agent: only))
    }

    /// The same with databases that were read already.
    func views(
        _ view: CatalogView, of agents: [AgentRecord], with databases: [DatabaseRecord]
    ) throws -> [AgentView] {
        let databases = Dictionary(grouping: databases, by: \.agent)
        let runs = Dictionary(grouping: try view.openRuns(), by: \.database)
        return agents.map { self.view($0, databases[$0.id] ?? [], runs) }
    }

    func view(_ agent: AgentRecord, _ databases: [DatabaseRecord], _ runs: [Int64: [RunRecord]]) -> AgentView {
        let sighting = sightings[agent.id]
        let live = running[agent.id] ?? []
        let open = databases.flatMap { database in
            (runs[database.id] ?? []).map { run in RunView(run, database, live.first { $0.run == run.id }) }
        }
        return AgentView(
            id: agent.id, name: agent.name, state: state(agent), lastSeenAt: sighting?.at ?? agent.lastSeenAt,
            version: sighting?.version ?? agent.version, labels: agent.labels,
            clockSkewMilliseconds: sighting?.clockSkewMilliseconds ?? agent.clockSkewMilliseconds,
            spoolDepth: sighting?.spoolDepth ?? agent.spoolDepth, certificateNotAfter: agent.certificateNotAfter,
            databases: databases.filter { $0.goneAt == nil }.map(\.name.rawValue), running: open)
    }

    func state(_ agent: AgentRecord) -> AgentState {
        if agent.revokedAt != nil { return .revoked }
        guard let seen = sightings[agent.id]?.at ?? agent.lastSeenAt else { return .new }
        // After its own start the coordinator first listens.
        let silent = now.timeIntervalSince(max(seen, startedAt + OfflineRule.startGrace - OfflineRule.silence))
        return silent > OfflineRule.silence ? .offline : .online
    }
}
