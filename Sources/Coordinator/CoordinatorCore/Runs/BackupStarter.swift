import Catalog
import Domain
import Foundation
import Wire

/// Asks for one backup by hand, within one transaction.
struct BackupStarter {
    let update: CatalogUpdate
    let fleet: FleetConfiguration
    let reach: AgentReach
    let now: Date
    let requestedBy: String

    struct Started: Sendable {
        var runs: [RunView] = []
        var skipped: [String] = []
        var agents: Set<UUID> = []
    }

    func start(_ database: DatabaseRecord, tier: Tier, run id: UUID, command: UUID, _ started: inout Started) throws {
        let name = "\(database.name) on \(database.agentName)"
        guard let policy = policy(for: database) else {
            started.skipped.append("\(name): no policy selects it")
            return
        }
        if let reason = try obstacle(database) {
            started.skipped.append("\(name): \(reason)")
            return
        }
        // Names of objects count in seconds.
        let nominal = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        let entry = resolver.entry(
            database.name, database.kind, policy, policy.tiers(for: database.kind), agent: database.agent)
        let order = BackupOrder(
            run: id, entry: entry, destinations: fleet.destinations.filter { entry.destinations.contains($0.name) },
            tiers: [tier], nominalAt: nominal)
        var run = RunRecord(
            id: id, database: database.id, policy: policy.name, tiers: [tier], state: .running, attempt: 0,
            nominalAt: nominal, recordedAt: now, demanded: entry.destinations)
        run.kind = database.kind
        try update.save(run, at: now)
        try update.add(
            CommandRecord(
                agent: database.agent,
                command: Command(
                    id: command, expiresAt: now + TimeInterval(Lifetime.backup), order: .backup(order)),
                run: id, createdAt: now))
        try update.audit(requestedBy, "backup", name, detail: id.uuidString.lowercased(), at: now)
        started.runs.append(RunView(run, database, nil))
        started.agents.insert(database.agent)
    }

    /// The first policy that selects it, whether or not one of its tiers does.
    private func policy(for database: DatabaseRecord) -> FleetPolicy? {
        let labels = database.allLabels
        let selecting = fleet.policies.filter { $0.selects(labels) }
        return selecting.first { !$0.tiers(for: database.kind).isEmpty } ?? selecting.first
    }

    private func obstacle(_ database: DatabaseRecord) throws -> String? {
        if try !update.openRuns(database: database.id).filter({ $0.state == .running }).isEmpty {
            return "a run is at work already"
        }
        return try update.agent(database.agent).flatMap(reach.obstacle)
    }
}
