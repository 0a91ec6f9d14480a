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
            nominalAt: report.nominalAt, attempt: 1)
        var leftovers: [Leftover] = []
        for result in report.destinations where !result.isComplete && !result.objects.isEmpty {
            let place = try places(result.destination).first {
                $0.s3 != nil && $0.keyPrefix + keys.folder == result.folder
            }
            guard let place else { continue }
            for object in result.objects.prefix(most) {
                guard let stem = stem(of: object.name, keys, upTo: report.attempt) else { continue }
                leftovers.append(
                    Leftover(
                        place: place, folder: result.folder, name: object.name,
                        manifestKey: result.folder + stem + ".json"))
            }
        }
        return leftovers
    }

    /// The stem of the attempt that the object is of; nil when it is none of this run's attempts so far.
    private static func stem(of name: String, _ keys: BackupKeys, upTo attempt: Int) -> String? {
        guard name.utf8.starts(with: keys.stem.utf8) else { return nil }
        let rest = name.dropFirst(keys.stem.count)
        guard let match = rest.wholeMatch(of: /(?:_a([1-9][0-9]{0,5}))?(?:_globals)?(?:\.[A-Za-z0-9]+)+/) else {
            return nil
        }
        guard let number = match.1 else { return keys.stem }
        guard let number = Int(number), (2...max(2, attempt)).contains(number), number <= attempt else { return nil }
        return "\(keys.stem)_a\(number)"
    }
}
