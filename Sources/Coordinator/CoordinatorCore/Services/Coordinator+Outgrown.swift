import Catalog
import Domain
import Foundation

// Incidents that nothing which happens would end any more.
extension Coordinator {
    /// Resolves what failed of databases that their agents no longer declare or that no policy selects any more, and what
    /// was told of a foreign key a day ago: when that goes on, its next try is told anew.
    func resolveOutgrown() async throws(BackupError) {
        let (now, fleet) = (world.now(), fleet)
        let over = try await catalog.read { view in
            let failed = try view.openIncidentKeys(kind: IncidentKind.failed).filter { key in
                guard let id = IncidentKey.database(ofFailed: key) else { return false }
                guard let database = try view.databaseRecord(id) else { return true }
                return database.goneAt != nil || !fleet.policies.contains { $0.selects(database.allLabels) }
            }
            return failed.union(
                try view.openIncidentKeys(kind: IncidentKind.identity, openedBefore: now - ClashRule.quiet))
        }
        guard !over.isEmpty else { return }
        try await catalog.write { update in
            for key in over { try update.resolve(key: key, at: now) }
        }
    }
}

/// When an agent's id that another key claimed is no news any more.
enum ClashRule {
    static let quiet: TimeInterval = 86_400
}
