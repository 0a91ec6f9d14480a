import Catalog
import Domain
import Foundation
import Sealing
import Wire

/// Turns policies and an agent's databases into that agent's plan. Pure.
struct PlanResolver {
    let configuration: FleetConfiguration
    /// A single agent has no one to keep out of the way of.
    let isFleet: Bool
    /// What probes found of stores, by the name of their destination.
    var found: [String: StoreWays] = [:]

    /// The policies that select a database, each with the tiers that make backups of its kind (never none).
    func selection(_ database: DatabaseRecord) -> [(policy: FleetPolicy, tiers: [FleetTier])] {
        database.goneAt == nil ? selection(database.kind, database.allLabels) : []
    }

    private func selection(
        _ kind: DatabaseKind, _ labels: [String: String]
    ) -> [(policy: FleetPolicy, tiers: [FleetTier])] {
        configuration.policies.compactMap { policy in
            guard policy.selects(labels) else { return nil }
            let tiers = policy.tiers(for: kind)
            return tiers.isEmpty ? nil : (policy, tiers)
        }
    }

    /// Entries in the order of the databases, then of the policies; destinations only as far as they are used.
    func plan(agent: UUID, databases: [DatabaseRecord], revision: Int) -> Plan {
        let entries = databases.flatMap { database in
            selection(database).map { entry(database.name, database.kind, $0.policy, $0.tiers, agent: agent) }
        }
        return plan(entries, revision: revision)
    }

    /// The same for databases that are not in the catalog.
    func plan(agent: UUID, labels: [String: String], facts: [DatabaseFacts], revision: Int) -> Plan {
        // In the order of the catalog, by the bytes of their names, so that the same databases have the same plan.
        let ordered = facts.sorted { $0.name.rawValue.utf8.lexicographicallyPrecedes($1.name.rawValue.utf8) }
        let entries = ordered.flatMap { fact in
            selection(fact.kind, DatabaseRecord.labels(fact.labels, below: labels)).map {
                entry(fact.name, fact.kind, $0.policy, $0.tiers, agent: agent)
            }
        }
        return plan(entries, revision: revision)
    }

    private func plan(_ entries: [Plan.Entry], revision: Int) -> Plan {
        let used = Set(entries.flatMap(\.destinations))
        return Plan(
            revision: revision, entries: entries,
            destinations: configuration.destinations.filter { used.contains($0.name) }.map(withWays))
    }

    /// What `fleet.yaml` says of a store stands before what was found.
    private func withWays(_ destination: Destination) -> Destination {
        guard let found = found[destination.name], let s3 = destination.s3 else { return destination }
        var destination = destination
        destination.s3?.ways = found.overridden(by: s3.ways)
        return destination
    }

    func entry(
        _ database: DatabaseName, _ kind: DatabaseKind, _ policy: FleetPolicy, _ tiers: [FleetTier], agent: UUID
    ) -> Plan.Entry {
        Plan.Entry(
            database: database, kind: kind, policy: policy.name, timeZone: policy.timeZone,
            tiers: tiers.map { .init(tier: $0.tier, schedule: $0.schedule.cron.text) },
            destinations: policy.destinations,
            compression: policy.compression, compressionLevel: policy.compressionLevel,
            spreadSeconds: spread(policy, agent: agent))
    }

    /// A fixed offset for each policy and agent, so that a fleet does not start all at once.
    func spread(_ policy: FleetPolicy, agent: UUID) -> Int {
        let most = policy.spreadSeconds ?? (isFleet ? 300 : 0)
        guard most > 0 else { return 0 }
        let digest = sha256(Array("\(policy.name)\u{0}\(agent.uuidString.lowercased())".utf8))
        let number = digest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return number % (most + 1)
    }
}
