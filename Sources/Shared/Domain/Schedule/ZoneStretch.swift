/// A stretch of time around an instant in which one rule tells local time from UTC. Instants are seconds since 1970 UTC.
struct ZoneStretch: Hashable {
    /// What a job at fixed hours does in the stretch.
    enum Rule: Hashable {
        case ordinary
        /// The clock was just put forward. What was due in the hour that is missing runs now, by the offset of before.
        case afterGap(offsetBefore: Int)
        /// The clock was just put back, and shows again what it has shown: what was due has run.
        case repeated
    }

    let start: Int
    /// The first instant that is no longer part of it.
    let end: Int
    /// Local time minus UTC.
    let offset: Int
    let rule: Rule
    /// Whether the stretch ended, or began, only because it was looked at no further.
    private(set) var isOpenAtEnd = false
    private(set) var isOpenAtStart = false

    /// No zone has ever jumped by more than a day, and no two jumps within this reach undo each other.
    static let reach = 28 * 3600
    /// More than any two offsets of one zone can differ.
    static let margin = 26 * 3600

    /// The stretch that the instant lies in: as far as `reach` to either side, or until the rule changes.
    init(around instant: Int, in zone: ZoneRules) {
        offset = zone.offset(at: instant)
        let before = zone.offset(at: instant - Self.reach)
        let after = zone.offset(at: instant + Self.reach)
        let isOpen = after == offset
        let end =
            isOpen
            ? instant + Self.reach + 1 : Self.change(after: instant, through: instant + Self.reach, in: zone)
        guard before != offset else {
            (start, rule, self.end) = (instant - Self.reach, .ordinary, end)
            (isOpenAtStart, isOpenAtEnd) = (true, isOpen)
            return
        }
        let change = Self.change(after: instant - Self.reach, through: instant, in: zone)
        let settled = change + abs(offset - before)
        if instant >= settled {
            (start, rule, self.end) = (settled, .ordinary, end)
            isOpenAtEnd = isOpen
        } else {
            (start, self.end) = (change, min(settled, end))
            rule = offset > before ? .afterGap(offsetBefore: before) : .repeated
        }
    }

    /// The first instant with the offset that `last` has, given that the one at `first` differs.
    private static func change(after first: Int, through last: Int, in zone: ZoneRules) -> Int {
        let target = zone.offset(at: last)
        var (low, high) = (first, last)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if zone.offset(at: middle) == target { high = middle } else { low = middle }
        }
        return high
    }
}
