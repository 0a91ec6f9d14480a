import Catalog
import Domain
import Foundation
import Synchronization
import Wire

/// The destinations that an agent's plan demands of each of its databases. A plan can be large, so it is decoded once for a
/// batch, and anew only when another revision of it stands.
final class DemandedDestinations: Sendable {
    private struct Place: Hashable {
        let policy: String
        /// Bytes: Swift holds texts to be equal that are different names.
        let database: [UInt8]
    }

    private let known = Mutex<(revision: Int, demanded: [Place: [String]])?>(nil)

    func of(_ report: RunReport, from agent: UUID, _ view: CatalogView) throws -> [String] {
        let revision = try view.planRevision(of: agent)
        let place = Place(policy: report.policy, database: Array(report.database.rawValue.utf8))
        if let known = known.withLock({ $0 }), known.revision == revision { return known.demanded[place] ?? [] }
        var demanded: [Place: [String]] = [:]
        for entry in try view.plan(of: agent).entries {
            let place = Place(policy: entry.policy, database: Array(entry.database.rawValue.utf8))
            demanded[place] = demanded[place] ?? entry.destinations
        }
        known.withLock { [demanded] in $0 = (revision, demanded) }
        return demanded[place] ?? []
    }
}
