import Catalog
import Domain
import Foundation

/// The latest time that the coordinator ever saw and believed. Retention rests while the clock is far from it: before it,
/// or more than a day ahead (P2: never on a wrong clock).
///
/// A new time is believed once a whole day has passed on it, watched without a gap; so neither a clock that jumped nor
/// one that was mended afterwards blocks retention for ever.
enum HighWater {
    private static let tolerance: TimeInterval = 60
    private static let day: TimeInterval = 86_400

    /// Raises the mark; after a jump only when the new time has stood for a day.
    static func note(_ now: Date, in update: CatalogUpdate) throws {
        guard let mark = try read(update) else { return try believe(now, update) }
        if isNear(now, mark) {
            // What jumped has come back, or never did.
            if try jump(update) != nil { try update.removeSetting(SettingName.clockJump) }
            if now > mark { try believe(now, update) }
            return
        }
        if let known = try jump(update), known.last - tolerance <= now, now <= known.last + day {
            guard now < known.since + day else {
                try update.removeSetting(SettingName.clockJump)
                return try believe(now, update)
            }
            return try update.set("\(Timestamp.text(known.since)) \(Timestamp.text(now))", for: SettingName.clockJump)
        }
        try update.set("\(Timestamp.text(now)) \(Timestamp.text(now))", for: SettingName.clockJump)
    }

    static func read(_ view: CatalogView) throws -> Date? {
        try view.setting(SettingName.highWater).flatMap(Timestamp.date)
    }

    /// Why the clock cannot be trusted just now; nil when it can.
    static func suspicion(of now: Date, _ view: CatalogView) throws -> String? {
        guard let mark = try read(view), !isNear(now, mark) else { return nil }
        guard now > mark else {
            return "the clock shows \(Timestamp.seconds(now)), and it was \(Timestamp.seconds(mark)) before: "
                + "nothing is deleted until it is right again, or has stood for a day"
        }
        let since = try jump(view)?.since ?? now
        return "the clock shows \(Timestamp.seconds(now)), more than a day after \(Timestamp.seconds(mark)), the "
            + "latest time known to be right: nothing is deleted before \(Timestamp.seconds(since + day))"
    }

    private static func isNear(_ now: Date, _ mark: Date) -> Bool { mark - tolerance <= now && now <= mark + day }

    private static func believe(_ now: Date, _ update: CatalogUpdate) throws {
        try update.set(Timestamp.text(now), for: SettingName.highWater)
    }

    /// Since when the clock is far from the mark, and when that was last seen.
    private static func jump(_ view: CatalogView) throws -> (since: Date, last: Date)? {
        let times = try view.setting(SettingName.clockJump)?.split(separator: " ").compactMap {
            Timestamp.date(String($0))
        }
        guard let times, times.count == 2 else { return nil }
        return (times[0], times[1])
    }
}
