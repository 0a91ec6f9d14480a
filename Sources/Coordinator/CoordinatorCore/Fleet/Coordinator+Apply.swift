import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// Takes a `fleet.yaml`: all of it or, with a mistake in it, nothing. With `dryRun` only the difference is told, and so it is
    /// where backups become deletable by it and nobody has accepted that.
    package func apply(_ request: ApplyRequest, by operator: OperatorIdentity) async throws(BackupError) -> ApplyView {
        try `operator`.require(.admin, "applying a configuration")
        let file = URL(filePath: request.fileName).lastPathComponent
        let next = try FleetConfiguration(yaml: request.yaml, file: file)
        let changes = FleetDifference.lines(from: fleet, to: next)
        let (databases, hosts) = try await catalog.read { view in
            (try view.databases(withRevoked: false).filter { $0.goneAt == nil }, try view.agents())
        }
        let now = world.now()
        let warnings =
            FleetWarnings.lines(next, databases, at: now) + FleetWarnings.refusals(next, databases, hosts)
            + FleetWarnings.lostRules(from: fleet, to: next)
        let present = fleet
        let deletable = try await catalog.read { try NewlyDeletable.views($0, from: present, to: next, at: now) }
        guard !request.dryRun, deletable == nil || request.acceptsDeletions == true else {
            return ApplyView(changes: changes, warnings: warnings, applied: false, deletable: deletable)
        }
        let changed = try await catalog.write { [self] update in
            try update.addFleet(yaml: request.yaml, fileName: file, by: `operator`.tokenId, at: now)
            for destination in next.destinations { try update.addPlace(destination, at: now) }
            try update.audit(`operator`.tokenId, "apply", file, detail: "\(changes.count) changes", at: now)
            try CatalogMark.advance(update)
            // Before the next transaction: an agent's new databases are planned by it or replanned by it, never by the old
            // one. And not at all if the commit fails.
            update.afterCommit { [self] in setFleet(next) }
            return try Self.replan(update, next, agents: nil, at: now)
        }
        presence.wake(changed)
        bells.ring(.probing)
        copySoon()
        return ApplyView(changes: changes, warnings: warnings, applied: true, deletable: deletable)
    }
}
