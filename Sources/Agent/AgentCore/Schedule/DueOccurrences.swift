package import Domain
package import Foundation
package import Wire

/// What becomes of one entry's occurrences since it was last looked at: pure, so that every case can be tested.
///
/// All missed occurrences collapse into one late run: for each tier the newest occurrence whose start window (half the
/// interval to the next one, at most 6 hours) has not passed takes part, and the run is named after the newest of them.
/// What took part in no run is reported as missed.
package struct DueOccurrences: Sendable, Equatable {
    package struct Occurrence: Sendable, Equatable {
        package var nominalAt: Date
        /// Highest first.
        package var tiers: [Tier]

        package init(nominalAt: Date, tiers: [Tier]) {
            self.nominalAt = nominalAt
            self.tiers = tiers
        }
    }

    package var run: Occurrence?
    /// Some tier of the run has an hour or more to start in: it is worth waiting for another run of the database to end.
    package var mayWait: Bool
    package var missed: [Occurrence]
    /// The entry is decided up to this nominal time; nil when nothing was due.
    package var decidedUntil: Date?
    /// When something is due next, with the spread; nil for an entry without schedules.
    package var nextAt: Date?

    /// At most this many missed occurrences are told one by one; the coordinator reckons the rest from the schedule.
    static let mostMissed = 50

    /// `decidedUntil` is what the last call answered, or the time from which the entry counts.
    package init(entry: Plan.Entry, decidedUntil: Date, now: Date) throws(BackupError) {
        let spread = TimeInterval(entry.spreadSeconds)
        let horizon = now.addingTimeInterval(-spread)
        var runnable: [(Date, Tier)] = []
        var passed: [(Date, Tier)] = []
        var next: Date?
        var longest: TimeInterval = 0
        for planned in entry.tiers {
            let schedule = try Schedule(cron: planned.schedule, timeZone: entry.timeZone)
            var due: [Date] = []
            var at = schedule.next(after: max(decidedUntil, now.addingTimeInterval(-40 * 86_400)))
            while at <= horizon {
                due.append(at)
                at = schedule.next(after: at)
            }
            next = min(next ?? .distantFuture, at.addingTimeInterval(spread))
            guard let newest = due.popLast() else { continue }
            let window = min(at.timeIntervalSince(newest) / 2, 6 * 3600)
            if now <= newest.addingTimeInterval(spread + window) {
                runnable.append((newest, planned.tier))
                longest = max(longest, window)
            } else {
                due.append(newest)
            }
            passed += due.map { ($0, planned.tier) }
        }
        nextAt = next
        mayWait = longest >= 3600
        run = runnable.map(\.0).max().map { nominal in
            Occurrence(nominalAt: nominal, tiers: runnable.map(\.1).sorted(by: >))
        }
        missed = Dictionary(grouping: passed, by: \.0)
            .map { Occurrence(nominalAt: $0, tiers: $1.map(\.1).sorted(by: >)) }
            .sorted { $0.nominalAt < $1.nominalAt }
        // Occurrences at the very instant of the run are part of it, not missed.
        missed.removeAll { $0.nominalAt == run?.nominalAt }
        // Of too many those of the most frequent tier are left out first.
        let rare = missed.filter { $0.tiers.first != .hourly }.suffix(Self.mostMissed)
        let frequent = missed.filter { $0.tiers.first == .hourly }.suffix(Self.mostMissed - rare.count)
        missed = (rare + frequent).sorted { $0.nominalAt < $1.nominalAt }
        self.decidedUntil = (runnable + passed).map(\.0).max()
    }
}
