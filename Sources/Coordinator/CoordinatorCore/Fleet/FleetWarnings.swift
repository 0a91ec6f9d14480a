import Catalog
import Domain
import Wire

/// What is allowed in a configuration and deserves a look.
enum FleetWarnings {
    static func lines(_ fleet: FleetConfiguration, _ databases: [DatabaseRecord]) -> [String] {
        var lines: [String] = []
        if fleet.policies.isEmpty { lines.append("there is no policy: nothing is backed up") }
        for policy in fleet.policies {
            let selected = databases.filter { policy.selects($0.allLabels) }
            if selected.isEmpty { lines.append("policy \(policy.name) selects no database that is known now") }
            if !policy.tiers.contains(where: \.isEnabled) {
                lines.append("policy \(policy.name) has no tier that is on: it backs up nothing")
            }
        }
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        for database in databases where resolver.selection(database).isEmpty {
            let isSelected = fleet.policies.contains { $0.selects(database.allLabels) }
            lines.append(
                isSelected && database.kind == .application
                    ? "\(database.name) on \(database.agentName): no tier includes application"
                    : "\(database.name) on \(database.agentName): no policy selects it")
        }
        if fleet.alerts.channels.isEmpty { lines.append("no alert channel is configured: failures are only seen here") }
        let used = Set(fleet.policies.flatMap(\.destinations))
        for destination in fleet.destinations where !used.contains(destination.name) {
            lines.append("destination \(destination.name) is used by no policy")
        }
        return lines
    }
}
