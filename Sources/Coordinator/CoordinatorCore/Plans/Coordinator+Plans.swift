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
        let all = try update.agents().filter { $0.revokedAt == nil }
        let resolver = PlanResolver(configuration: fleet, isFleet: all.count > 1)
        var changed: [UUID] = []
        for agent in all where agents?.contains(agent.id) ?? true {
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

    /// A database counts as due from when its schedules became what they are.
    private static func notePlanned(
        _ update: CatalogUpdate, _ databases: [DatabaseRecord], before: Plan, after: Plan, at now: Date
    ) throws {
        let (old, new) = (schedules(before), schedules(after))
        for database in databases {
            let key = Array(database.name.rawValue.utf8)
            if new[key] == nil {
                if database.plannedAt != nil { try update.setPlanned(database.id, since: nil) }
            } else if database.plannedAt == nil || old[key] != new[key] {
                try update.setPlanned(database.id, since: now)
            }
        }
    }

    /// Keyed by bytes: Swift holds texts to be equal that are different names.
    private static func schedules(_ plan: Plan) -> [[UInt8]: Set<String>] {
        var out: [[UInt8]: Set<String>] = [:]
        for entry in plan.entries {
            let key = Array(entry.database.rawValue.utf8)
            for tier in entry.tiers { out[key, default: []].insert("\(tier.schedule) \(entry.timeZone)") }
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
