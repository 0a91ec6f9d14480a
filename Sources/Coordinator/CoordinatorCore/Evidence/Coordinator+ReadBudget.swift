import Catalog
import Domain
import Foundation
import Logging

extension Coordinator {
    /// Who asks for reading what nothing but its size tells from garbage.
    static var readBudget: String { "daily read" }

    /// Has copies read that nothing but their size tells from others, the newest backups first, so much a day.
    func readUnprovenCopies() async throws(BackupError) {
        let now = world.now()
        let unproven = try await catalog.read { view in
            try view.sizeOnlyCopies(limit: 100, tried: now - 86_400)
        }
        for copy in unproven {
            guard !Task.isCancelled else { return }
            let isInBudget = try await catalog.write { update -> Bool in
                var budget = try ReadBudget(update, at: now)
                guard budget.take(copy.bytes) else { return false }
                try budget.save(update)
                return true
            }
            guard isInBudget else { return }
            do throws(BackupError) {
                _ = try await startVerification(of: copy.backup, requestedBy: Self.readBudget)
            } catch  where error.code != .cancelled {
                logger.warning("a copy could not be read", metadata: ["backup": "\(copy.backup)", "error": "\(error)"])
            }
        }
    }
}

/// How much was read today of what nothing else tells from others. One object that is larger than a day's share still has its turn,
/// as the first of a day.
struct ReadBudget {
    private var since: Date
    private var used: Int64

    init(_ view: CatalogView, at now: Date) throws {
        let words = try view.setting(SettingName.readBudget)?.split(separator: " ") ?? []
        (since, used) = (now, 0)
        guard words.count == 2, let start = Timestamp.date(String(words[0])), let bytes = Int64(words[1]) else {
            return
        }
        if abs(now.timeIntervalSince(start)) < 86_400 { (since, used) = (start, max(0, bytes)) }
    }

    mutating func take(_ bytes: Int64) -> Bool {
        guard used == 0 || used + max(0, min(bytes, 1 << 50)) <= EvidenceRule.dailyBytes else { return false }
        used += max(1, min(bytes, 1 << 50))
        return true
    }

    func save(_ update: CatalogUpdate) throws {
        try update.set("\(Timestamp.text(since)) \(used)", for: SettingName.readBudget)
    }
}
