import Catalog
import Domain
import Foundation
import Wire

extension Coordinator {
    /// Resolves plans anew, of these agents or (nil) of all, and stores those whose content changed under the next
    /// revision. Returns the agents whose plan changed.
    @discardableResult
    static func replan(
        _ update: CatalogUpdate, _ fleet: FleetConfiguration, agents: Set<UUID>?, at now: Date
    ) throws -> [UUID] {
        let resolver = PlanResolver(
            configuration: fleet, isFleet: try update.hasFleet(), found: try StoreProbeRecord.ways(of: fleet, update))
        // What one agent says costs the reading of that one.
        let wanted = try agents.map { try $0.compactMap { try update.agent($0) } } ?? update.agents()
        var changed: [UUID] = []
        for agent in wanted where agent.revokedAt == nil {
            let databases = try update.databases(agent: agent.id)
            let current = try update.plan(of: agent.id)
            let next = resolver.plan(agent: agent.id, databases: databases, revision: current.revision + 1)
            guard next.entries != current.entries || next.destinations != current.destinations else { continue }
            try update.setPlan(next, of: agent.id)
            try notePlanned(update, databases, before: current, after: next, at: now)
            changed.append(agent.id)
        }
        return changed
    }

    /// A database, and each of its tiers, counts as due from when its schedules became what they are. What is overdue
    /// stays so under another schedule: a backup ends that, not an edit.
    private static func notePlanned(
        _ update: CatalogUpdate, _ databases: [DatabaseRecord], before: Plan, after: Plan, at now: Date
    ) throws {
        let (old, new) = (schedules(before), schedules(after))
        for database in databases {
            let key = Array(database.name.rawValue.utf8)
            guard let planned = new[key] else {
                if database.plannedAt != nil { try update.setPlanned(database.id, since: nil) }
                continue
            }
            let known = old[key] ?? [:]
            guard database.plannedAt == nil || known != planned else { continue }
            let isOverdue = try update.openIncidentKey(beginning: IncidentKey.overdue(database)) != nil
            if database.plannedAt == nil || !isOverdue { try update.setPlanned(database.id, since: now) }
            for (place, schedule) in planned where known[place] != schedule {
                // One that was not there before cannot have been overdue.
                guard known[place] == nil || !isOverdue else { continue }
                try update.setPlanned(place.tier, of: place.policy, database: database.id, since: now)
            }
        }
    }

    private struct TierPlace: Hashable {
        let policy: String
        let tier: Tier
    }

    /// Keyed by bytes: Swift holds texts to be equal that are different names.
    private static func schedules(_ plan: Plan) -> [[UInt8]: [TierPlace: String]] {
        var out: [[UInt8]: [TierPlace: String]] = [:]
        for entry in plan.entries {
            let key = Array(entry.database.rawValue.utf8)
            for tier in entry.tiers {
                out[key, default: [:]][TierPlace(policy: entry.policy, tier: tier.tier)] =
                    "\(tier.schedule) \(entry.timeZone)"
            }
        }
        return out
    }

    /// Makes the agent's plan newer than what it says it has: after the catalog was restored from a copy.
    static func outrun(_ revision: Int, agent: UUID, _ update: CatalogUpdate) throws {
        var plan = try update.plan(of: agent)
        guard plan.revision < revision, revision < Int(Int32.max) else { return }
        plan.revision = revision + 1
        try update.setPlan(plan, of: agent)
    }
}
