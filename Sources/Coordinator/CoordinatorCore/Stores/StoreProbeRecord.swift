import Catalog
import Domain
import Foundation
import Wire

/// What is remembered of the probes of one destination's store.
struct StoreProbeRecord: Codable, Equatable {
    /// Which store it was; of another nothing is known.
    let place: String
    /// When it was last tried, and how that failed.
    var triedAt: Date
    var failure: String?
    /// Since when every try failed.
    var failingSince: Date?
    /// Of the last probe that came to its end.
    var foundAt: Date?
    var findings: ProbeFindings?

    /// A week; where it failed an hour, and five minutes as long as nothing was ever found: somebody sets it up just now.
    func isDue(at now: Date) -> Bool {
        let pause: TimeInterval = failure == nil ? 7 * 86_400 : foundAt == nil ? 300 : 3600
        return now.timeIntervalSince(triedAt) >= pause || triedAt > now
    }

    static func place(_ s3: Destination.S3) -> String { "\(s3.store) \(s3.region) \(s3.bucket) \(s3.prefix)" }

    /// Whether one has to know that nobody can look: it failed more than once, and what was found is older than it should be.
    func isBlind(at now: Date) -> Bool {
        guard let failingSince, now.timeIntervalSince(failingSince) >= 3600 else { return false }
        return foundAt.map { now.timeIntervalSince($0) > 8 * 86_400 } ?? true
    }

    /// Nil where this store was never probed, or what was written is not readable: then it is probed anew.
    static func read(_ destination: Destination, _ view: CatalogView) throws -> StoreProbeRecord? {
        guard let s3 = destination.s3, let text = try view.setting(SettingName.probe(destination.name)),
            let record = try? JSON.decoder().decode(StoreProbeRecord.self, from: Data(text.utf8)),
            record.place == place(s3)
        else { return nil }
        return record
    }

    func write(_ destination: Destination, _ update: CatalogUpdate) throws {
        try update.set(
            String(decoding: try JSON.encoder().encode(self), as: UTF8.self), for: SettingName.probe(destination.name))
    }

    /// What was found, by destination.
    static func ways(of fleet: FleetConfiguration, _ view: CatalogView) throws -> [String: StoreWays] {
        var ways: [String: StoreWays] = [:]
        for destination in fleet.destinations {
            ways[destination.name] = try read(destination, view)?.findings?.ways
        }
        return ways
    }
}
