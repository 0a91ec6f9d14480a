import Catalog
import Domain
import Foundation
import Synchronization

/// Alerts that the catalog could not take or cannot remember as sent: kept in memory, so that they are told all the same, and
/// told once.
final class UnwrittenAlerts: Sendable {
    /// One alert for one channel.
    struct Waiting: Sendable {
        let condition: IncidentCondition
        let since: Date
        let attempts: Int
    }

    private struct Entry {
        var condition: IncidentCondition
        let since: Date
        var notedAt: Date
        /// By channel: tries so far, and when the next is due; nil once the channel took it.
        var channels: [String: (attempts: Int, nextAt: Date?)] = [:]
        /// Channels whose delivery in the catalog was found to be told by this: the next one is of another incident.
        var matched: Set<String> = []
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Deliveries of the catalog that a channel has taken, though the catalog does not know yet.
        var sent: Set<Int64> = []
        var pauses: [String: Date] = [:]
    }

    private let state = Mutex(State())
    private static let most = 300
    /// For how long a condition is remembered that was not noted again, in seconds.
    private static let memory: TimeInterval = 3600
    private static let shown: TimeInterval = 120

    /// Says whether one of these is news.
    func note(_ conditions: [IncidentCondition], at now: Date) -> Bool {
        state.withLock { state in
            var isNews = false
            for condition in conditions {
                if state.entries[condition.key] != nil {
                    state.entries[condition.key]?.condition = condition
                    state.entries[condition.key]?.notedAt = now
                } else if state.entries.count < Self.most {
                    state.entries[condition.key] = Entry(condition: condition, since: now, notedAt: now)
                    isNews = true
                }
            }
            state.entries = state.entries.filter { now.timeIntervalSince($0.value.notedAt) < Self.memory }
            return isNews
        }
    }

    /// Those that were noted just now, for people: what holds on is noted again with every round.
    func conditions(at now: Date) -> [IncidentCondition] {
        state.withLock { state in
            state.entries.values.filter { now.timeIntervalSince($0.notedAt) < Self.shown }.map(\.condition)
                .sorted { $0.key < $1.key }
        }
    }

    /// What is due for a channel.
    func due(for channel: String, at now: Date) -> [Waiting] {
        state.withLock { state in
            state.entries.values.compactMap { entry in
                let tries = entry.channels[channel] ?? (0, entry.since)
                guard let next = tries.nextAt, next <= now else { return nil }
                return Waiting(condition: entry.condition, since: entry.since, attempts: tries.attempts)
            }.sorted { ($0.since, $0.condition.key) < ($1.since, $1.condition.key) }
        }
    }

    /// The channel took it (nil), or is asked again then.
    func settle(_ key: String, _ channel: String, nextAt: Date?) {
        state.withLock { state in
            let attempts = state.entries[key]?.channels[channel]?.attempts ?? 0
            state.entries[key]?.channels[channel] = (attempts + 1, nextAt)
        }
    }

    /// Whether the channel has taken an alert of this key from memory.
    func isTold(_ key: String, _ channel: String) -> Bool {
        state.withLock { state in
            guard let entry = state.entries[key], let tries = entry.channels[channel] else { return false }
            return tries.nextAt == nil && !entry.matched.contains(channel)
        }
    }

    /// That alert of the channel was the one of a delivery in the catalog.
    func match(_ key: String, _ channel: String) {
        state.withLock { state in _ = state.entries[key]?.matched.insert(channel) }
    }

    var sent: Set<Int64> { state.withLock { $0.sent } }

    func noteSent(_ ids: [Int64]) { state.withLock { $0.sent.formUnion(ids) } }

    func forgetSent(_ ids: Set<Int64>) { state.withLock { $0.sent.subtract(ids) } }

    func pause(_ channel: String, until time: Date) { state.withLock { $0.pauses[channel] = time } }

    func isPaused(_ channel: String, at now: Date) -> Bool {
        state.withLock { state in state.pauses[channel].map { now < $0 } ?? false }
    }
}

extension IncidentCondition {
    /// The catalog's own trouble stands in no catalog.
    static func catalog(_ trouble: CatalogTrouble) -> Self {
        Self(
            key: "catalog:\(trouble.kind.rawValue)", kind: "catalog", isCritical: true,
            title: "The coordinator cannot use its catalog", detail: trouble.words)
    }
}
