import Catalog
import Domain
import Foundation

/// What is remembered of the copies of the catalog at one place.
struct CatalogCopyRecord: Codable, Sendable, Equatable {
    /// Of the newest that was stored.
    var at: Date?
    var key: String?
    /// All that were stored and not deleted since, oldest first: no others are ever deleted, whatever they are called.
    var keys: [String]?
    var bytes: Int64?
    /// When it was last tried, how that failed, and since when every try did.
    var triedAt: Date
    var failure: String?
    var failingSince: Date?

    /// Whether the next one is to be made.
    func isDue(at now: Date, every: Int, isWanted: Bool) -> Bool {
        let age = now.timeIntervalSince(triedAt)
        if age < 0 { return true }
        // What was in the way may have been mended by what is wanted now.
        if failure != nil { return age >= (isWanted ? 60 : 300) }
        return age >= TimeInterval(every) || (isWanted && age >= 60)
    }

    /// Whether one has to know: no copy has come for an hour longer than it should.
    func isStale(at now: Date, every: Int) -> Bool {
        guard let failingSince, now.timeIntervalSince(failingSince) >= 3600 else { return false }
        return at.map { now.timeIntervalSince($0) > TimeInterval(every) + 3600 } ?? true
    }

    /// By the place's name; what cannot be read counts as nothing.
    static func read(_ view: CatalogView) throws -> [String: CatalogCopyRecord] {
        let text = try view.setting(SettingName.copies) ?? "{}"
        return (try? JSON.decoder().decode([String: CatalogCopyRecord].self, from: Data(text.utf8))) ?? [:]
    }

    static func write(_ records: [String: CatalogCopyRecord], _ update: CatalogUpdate) throws {
        try update.set(String(decoding: try JSON.encoder().encode(records), as: UTF8.self), for: SettingName.copies)
    }
}
