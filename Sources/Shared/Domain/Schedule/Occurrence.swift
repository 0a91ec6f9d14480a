package import Foundation

/// One time at which a policy is due, by its nominal time, with every tier that falls on it: they make one run.
package struct Occurrence: Hashable, Sendable {
    package let nominal: Date
    /// Never empty.
    package let tiers: Set<Tier>

    /// The tier that the run is named after.
    package var highest: Tier { tiers.max() ?? .manual }

    /// The next instant after this one at which any of the tiers is due. Nil when there is none, as with no tiers.
    package static func next(of schedules: [(tier: Tier, schedule: Schedule)], after instant: Date) -> Occurrence? {
        soonest(schedules.map { ($0.tier, $0.schedule.next(after: instant)) }, by: <)
    }

    /// The last instant at or before this one at which any of the tiers was due.
    package static func previous(
        of schedules: [(tier: Tier, schedule: Schedule)], atOrBefore instant: Date
    ) -> Occurrence? {
        soonest(
            schedules.compactMap { entry in
                entry.schedule.previous(atOrBefore: instant).map { (entry.tier, $0) }
            }, by: >)
    }

    private static func soonest(_ due: [(tier: Tier, at: Date)], by comes: (Date, Date) -> Bool) -> Occurrence? {
        guard let first = due.min(by: { comes($0.at, $1.at) })?.at, first != .distantFuture else { return nil }
        return Occurrence(nominal: first, tiers: Set(due.filter { $0.at == first }.map(\.tier)))
    }
}
