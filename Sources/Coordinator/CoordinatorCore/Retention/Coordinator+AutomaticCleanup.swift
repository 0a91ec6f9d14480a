import Catalog
import Domain
import Foundation
import Logging
import Wire

// Retention that runs by itself. The first time that it would delete something after it was off, or before it ever ran, it says so
// a week before.
extension Coordinator {
    /// Whether retention runs by itself: the environment's word where it has one, else the configuration's.
    func cleansByItself() throws(BackupError) -> Bool {
        try DefaultFleet.autoCleanup(world.environment) ?? fleet.retention.automatic
    }

    /// Runs retention without asking, at most once a day.
    func cleanupIfDue() async throws(BackupError) {
        let now = world.now()
        guard try cleansByItself() else { return try await disarm(at: now) }
        let doubt = clockDoubt()
        let fleet = fleet
        let last = try await catalog.read { view -> Date?? in
            let tried = try view.setting(SettingName.lastCleanup).flatMap(Timestamp.date)
            // Either way: a clock that went back must not end it.
            if let tried, abs(now.timeIntervalSince(tried)) < 86_400 { return nil }
            guard doubt == nil, try HighWater.suspicion(of: now, view) == nil else { return nil }
            return .some(tried)
        }
        guard let last else { return }
        let waiting = try await catalog.read { try Self.waiting($0) }
        let circumstances = RetentionOutlook.Circumstances(
            isAutomatic: true, needsStatedKeep: try DefaultFleet.autoCleanup(world.environment) == nil,
            clockDoubt: doubt, lastAutomatic: last, waiting: waiting, now: now)
        let plan = try await catalog.read { try RetentionOutlook($0, fleet, circumstances) }
        guard try await isArmed(plan, last, at: now) else { return }
        let channels = fleet.alerts.channels
        let result = try await carryOut(plan, circumstances, requestedBy: "auto cleanup") { update, resting in
            try update.set(Timestamp.text(now), for: SettingName.lastCleanup)
            try Self.keep(resting, since: waiting, last, update)
            try Self.tellShares(resting, channels, update, at: now)
            try update.resolve(key: IncidentKey.announced, at: now)
            try update.removeSetting(SettingName.cleanupAnnounced)
        }
        bells.ring(.alerts)
        logger.info(
            "cleaned up",
            metadata: [
                "deleted": "\(result.deleted.count)", "pending": "\(result.pending.count)",
                "rests": "\(result.rests?.count ?? 0)",
            ])
    }

    /// Whether it may delete by now. One that has run, or has nothing to delete, may; else the deletions are told, and wait.
    private func isArmed(
        _ plan: RetentionOutlook, _ last: Date?, at now: Date
    ) async throws(BackupError) -> Bool {
        guard last == nil, !plan.deletions.isEmpty else { return true }
        let channels = fleet.alerts.channels
        let isArmed = try await catalog.write { update in
            let announced = try update.setting(SettingName.cleanupAnnounced).flatMap(Timestamp.date)
            if let announced, now >= announced + AnnouncementRule.ahead { return true }
            let since = announced.map { min($0, now) } ?? now
            try update.set(Timestamp.text(since), for: SettingName.cleanupAnnounced)
            let names = Dictionary(
                uniqueKeysWithValues: plan.items.map { ($0.backup, "\($0.database) on \($0.agent)") })
            try update.open(
                .announced(plan.deletions.map { names[$0.id] ?? "?" }, at: since + AnnouncementRule.ahead),
                channels: channels,
                at: now)
            return false
        }
        if !isArmed { bells.ring(.alerts) }
        return isArmed
    }

    private func disarm(at now: Date) async throws(BackupError) {
        let isSet = try await catalog.read { view in
            try [SettingName.lastCleanup, SettingName.cleanupAnnounced].contains { try view.setting($0) != nil }
        }
        guard isSet else { return }
        try await catalog.write { update in
            for name in [SettingName.lastCleanup, SettingName.cleanupAnnounced, SettingName.cleanupWaiting] {
                try update.removeSetting(name)
            }
            try update.resolve(key: IncidentKey.announced, at: now)
            for key in try update.openIncidentKeys(kind: IncidentKind.share) { try update.resolve(key: key, at: now) }
        }
    }

    /// Databases that could not be looked at, and since when nothing was deleted of them therefore.
    private static func waiting(_ view: CatalogView) throws -> [Int64: Date] {
        let text = try view.setting(SettingName.cleanupWaiting) ?? ""
        return Dictionary(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 2, let id = Int64(words[0]), let time = Timestamp.date(String(words[1])) else {
                    return nil
                }
                return (id, time)
            }, uniquingKeysWith: { $1 })
    }

    private static func keep(
        _ resting: [RestingDatabase], since waiting: [Int64: Date], _ last: Date?, _ update: CatalogUpdate
    ) throws {
        let lines = resting.compactMap { rest -> String? in
            guard case .unseen = rest.cause, let since = waiting[rest.database.id] ?? last else { return nil }
            return "\(rest.database.id) \(Timestamp.text(since))"
        }
        guard !lines.isEmpty else { return try update.removeSetting(SettingName.cleanupWaiting) }
        try update.set(lines.joined(separator: "\n"), for: SettingName.cleanupWaiting)
    }

    private static func tellShares(
        _ resting: [RestingDatabase], _ channels: [String], _ update: CatalogUpdate, at now: Date
    ) throws {
        var told: Set<String> = []
        for rest in resting {
            guard case .share(let words) = rest.cause else { continue }
            told.insert(IncidentKey.share(rest.database))
            try update.open(.share(rest.database, words), channels: channels, at: now)
        }
        for key in try update.openIncidentKeys(kind: IncidentKind.share) where !told.contains(key) {
            try update.resolve(key: key, at: now)
        }
    }
}

/// How long before it first deletes something retention says so, in seconds.
enum AnnouncementRule {
    static let ahead: TimeInterval = 7 * 86_400
}
