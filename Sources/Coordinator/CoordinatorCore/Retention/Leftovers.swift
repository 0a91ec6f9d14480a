import Archive
import Catalog
import Domain
import Foundation
import Wire

/// What a run that ended left behind in buckets, for which its agent has no right to delete.
enum Leftovers {
    private static let most = 100

    /// Of the report's own words only what this very run, in this attempt or one before it, can have written: it is deleted
    /// with the coordinator's rights (P5).
    static func of(
        _ report: RunReport, from agent: AgentIdentity, places: (String) throws -> [Destination]
    ) throws -> [Leftover] {
        guard report.attempt >= 1 else { return [] }
        let keys = BackupKeys(
            agentName: agent.name, database: report.database, kind: report.kind, tier: report.tiers.max() ?? .manual,
            nominalAt: report.nominalAt)
        var leftovers: [Leftover] = []
        for result in report.destinations where !result.isComplete && !result.objects.isEmpty {
            let place = try places(result.destination).first {
                $0.s3 != nil && $0.keyPrefix + keys.folder == result.folder
            }
            guard let place else { continue }
            for object in result.objects.prefix(most) {
                guard let (own, attempt) = keys.ofAttempt(named: object.name), attempt ?? 1 <= report.attempt else {
                    continue
                }
                leftovers.append(
                    Leftover(
                        place: place, folder: result.folder, name: object.name,
                        manifestKey: result.folder + own.manifestName))
            }
        }
        return leftovers
    }
}
