import Domain
import Foundation

extension Doctor {
    /// Drops debris of restores that died (with `--read-only` names it), and tells what else restores keep here and what is to be
    /// done about it.
    func remains() async -> [Finding] {
        let remains = RestoreRemains(
            journal: RestoreJournal(paths, now: world.now), configuration: configuration, paths: paths, stop: stop)
        do throws(BackupError) {
            let now = world.now()
            var dropped: [RestoreRemains.Item] = []
            var found = RestoreRemains.Found()
            if isReadOnly { found = try await remains.look() } else { (dropped, found) = try await remains.tidyAll() }
            return dropped.map { warning("restores", "dropped what \($0.record.words) left: \($0.words(now: now))") }
                + found.items.compactMap { $0.told(now: now).map { warning("restores", $0) } }
                + found.unknown.map { warning("restores", "not looked at: \($0)") }
        } catch {
            return [warning("restores", "what restores left was not looked at: \(error)")]
        }
    }
}

extension RestoreRemains.Item {
    private static let oldAge: TimeInterval = 7 * 86_400
    private static let largeSize: Int64 = 1 << 30

    /// What is told of it without being asked for, with what to do; nil for what was replaced lately and is small.
    func told(now: Date) -> String? {
        switch kind {
        case .debris:
            "left over by \(record.words), which died: \(words(now: now))"
                + (obstacle.map { "; \($0): look at it, and `holdfast-agent restored discard`" }
                    ?? "; the next start drops it")
        case .loaded:
            "\(record.words) had loaded \(words(now: now)) and did not give it its name: look at it, give it one, or drop it with "
                + "`holdfast-agent restored discard`"
        case .replaced:
            now.timeIntervalSince(since) >= Self.oldAge || bytes ?? 0 >= Self.largeSize
                ? "\(words(now: now)), replaced by \(record.words), is still kept: look at it, and drop it with "
                    + "`holdfast-agent restored discard`" : nil
        }
    }
}
