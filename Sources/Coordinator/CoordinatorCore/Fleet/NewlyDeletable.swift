import Catalog
import Domain
import Foundation
import Wire

/// What a new configuration lets go that the present one keeps: a mistyped `keep` is to be seen before it has its way.
enum NewlyDeletable {
    /// So many databases, and of each so many backups, are named.
    private static let mostDatabases = 1000
    private static let mostExamples = 5

    /// Nil when nothing becomes deletable by the change.
    static func views(
        _ view: CatalogView, from old: FleetConfiguration, to new: FleetConfiguration, at now: Date
    ) throws -> [DeletableView]? {
        guard old.policies != new.policies || old.retention != new.retention else { return nil }
        let circumstances = RetentionOutlook.Circumstances(isForecast: true, now: now)
        let before = Set(try RetentionOutlook(view, old, circumstances).deletions.map(\.id))
        let outlook = try RetentionOutlook(view, new, circumstances)
        // What only a bound held back goes, too, where the bound is another one.
        let share = min(old.retention.maxDeleteShare, new.retention.maxDeleteShare)
        let isOtherRule = old.retention != new.retention
        let views = Dictionary(grouping: outlook.items) { Place($0) }.values.compactMap { items -> DeletableView? in
            let doomed = items.filter(\.delete).sorted { $0.recordedAt < $1.recordedAt }
            let fresh = doomed.filter { !before.contains($0.backup) }
            let isMuch = Double(doomed.count) > Double(items.count) * share
            guard let first = doomed.first, !fresh.isEmpty || (isMuch && isOtherRule) else { return nil }
            return DeletableView(
                agent: first.agent, database: first.database, backups: items.count, deletable: doomed.count,
                newly: fresh.count, isMuch: isMuch, examples: Array(fresh.prefix(mostExamples)))
        }
        guard !views.isEmpty else { return nil }
        return Array(
            views.sorted {
                ($1.newly, $1.deletable, $0.agent, $0.database.rawValue) < (
                    $0.newly, $0.deletable, $1.agent, $1.database.rawValue
                )
            }.prefix(mostDatabases))
    }

    /// Names that Swift holds to be equal may be two databases.
    private struct Place: Hashable {
        let agent: String
        let database: [UInt8]

        init(_ item: CleanupItem) { (agent, database) = (item.agent, Array(item.database.rawValue.utf8)) }
    }
}
