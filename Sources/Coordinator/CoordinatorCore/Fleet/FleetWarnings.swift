import Catalog
import Domain
import Foundation
import Wire

/// What is allowed in a configuration and deserves a look.
enum FleetWarnings {
    static func lines(_ fleet: FleetConfiguration, _ databases: [DatabaseRecord], at now: Date) -> [String] {
        var lines: [String] = []
        if fleet.policies.isEmpty { lines.append("there is no policy: nothing is backed up") }
        for policy in fleet.policies {
            let selected = databases.filter { policy.selects($0.allLabels) }
            if selected.isEmpty { lines.append("policy \(policy.name) selects no database that is known now") }
            if !policy.tiers.contains(where: \.isEnabled) {
                lines.append("policy \(policy.name) has no tier that is on: it backs up nothing")
            }
            lines += impossibleObjectives(policy, at: now)
        }
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        for database in databases where resolver.selection(database).isEmpty {
            let isSelected = fleet.policies.contains { $0.selects(database.allLabels) }
            lines.append(
                isSelected && database.kind == .application
                    ? "\(database.name) on \(database.agentName): no tier includes application"
                    : "\(database.name) on \(database.agentName): no policy selects it")
        }
        lines += sharedDatabases(databases, resolver)
        if fleet.alerts.channels.isEmpty { lines.append("no alert channel is configured: failures are only seen here") }
        let used = Set(fleet.policies.flatMap(\.destinations))
        for destination in fleet.destinations where !used.contains(destination.name) {
            lines.append("destination \(destination.name) is used by no policy")
        }
        if fleet.catalog.every == nil
            || (fleet.catalog.directory == nil && !fleet.destinations.contains { $0.s3 != nil })
        {
            lines.append(
                "the catalog is copied nowhere: with its host the coordinator is lost (an object store, or `catalog: { directory: … }`)"
            )
        }
        lines += fleet.destinations.compactMap(StorePromises.archive)
        return lines
    }

    /// Hosts whose own configuration forbids what would be sent to them.
    static func refusals(
        _ fleet: FleetConfiguration, _ databases: [DatabaseRecord], _ hosts: [AgentRecord]
    ) -> [String] {
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        return hosts.filter { $0.revokedAt == nil }.sorted { $0.name < $1.name }.flatMap { host -> [String] in
            guard let limits = host.limits else { return [] }
            let used = Set(
                databases.filter { $0.agent == host.id }.flatMap { resolver.selection($0) }.flatMap(
                    \.policy.destinations))
            return fleet.destinations.filter { used.contains($0.name) }.compactMap { destination in
                limits.refusal(of: destination).map { "host \(host.name), destination \(destination.name): \($0)" }
            }
        }
    }

    /// Backups of removed policies and tiers: nothing says any more how long they are kept.
    static func lostRules(from old: FleetConfiguration, to new: FleetConfiguration) -> [String] {
        old.policies.compactMap { policy in
            let rest = new.policy(named: policy.name)
            let gone = policy.tiers.map(\.tier).filter { tier in rest?.tiers.contains { $0.tier == tier } != true }
            guard !gone.isEmpty else { return nil }
            let words = gone.map(\.rawValue).joined(separator: ", ")
            return "policy \(policy.name) is gone" + (rest == nil ? "" : " for its tiers \(words)")
                + ": automatic cleanup leaves its backups, `holdfast cleanup` shows them and can delete them"
        }
    }

    /// A database makes one backup at a time: what is due for the other policy meanwhile may fall out.
    private static func sharedDatabases(_ databases: [DatabaseRecord], _ resolver: PlanResolver) -> [String] {
        let names = databases.map { resolver.selection($0).map(\.policy.name) }.filter { $0.count > 1 }
        return Dictionary(grouping: names, by: { $0 }).sorted { $0.key.joined() < $1.key.joined() }.map { names, all in
            "policies \(names.joined(separator: " and ")) select \(CountText.of(all.count, "database")): while one makes "
                + "a backup, what is due for the other waits for its turn"
        }
    }

    /// An objective that no schedule can keep is an alert that never ends.
    private static func impossibleObjectives(_ policy: FleetPolicy, at now: Date) -> [String] {
        guard let rpo = policy.rpoSeconds else { return [] }
        return [(DatabaseKind.postgres, "databases"), (.application, "application files")].compactMap { kind, words in
            guard let shortest = policy.tiers(for: kind).map({ shortestInterval($0.schedule, after: now) }).min(),
                shortest > TimeInterval(rpo)
            else { return nil }
            return
                "policy \(policy.name): its rpo of \(rpo) s is shorter than every schedule of its \(words) (the closest "
                + "is every \(Int(shortest)) s): they will always be overdue; give them a policy of their own"
        }
    }

    /// Of the next ten.
    private static func shortestInterval(_ schedule: Schedule, after now: Date) -> TimeInterval {
        var (last, shortest) = (schedule.next(after: now), TimeInterval.infinity)
        for _ in 0..<10 where last < .distantFuture {
            let next = schedule.next(after: last)
            (shortest, last) = (min(shortest, next.timeIntervalSince(last)), next)
        }
        return shortest
    }
}
