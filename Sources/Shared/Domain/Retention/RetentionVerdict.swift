package import Foundation

/// What retention says of one backup, with the reason in words.
package enum RetentionVerdict: Hashable, Sendable, CustomStringConvertible {
    case keep(KeepReason)
    case delete(DeleteReason)

    package enum KeepReason: Hashable, Sendable {
        case pinned
        case inUse
        /// From before its database shrank.
        case held
        case locked(until: Date)
        case newestGood
        case young(Tier, until: Date)
        case floor(Int)
        /// Not good, but one of the last that can be restored at all.
        case lastRestorable(Int)
        /// The coordinator has not seen its copies itself.
        case unconfirmed
        /// It would go, but nothing of its database does just now.
        case resting(String)
        /// A backup of the same database was recorded later than it is now: the clock cannot be trusted.
        case clock(newest: Date)
    }

    package enum DeleteReason: Hashable, Sendable {
        case expired(Tier, kept: KeepDuration, age: TimeInterval)
        /// The same, of a backup that is incomplete or damaged.
        case expiredUnfit(Tier, kept: KeepDuration, age: TimeInterval)
    }

    package var isDeletion: Bool {
        switch self {
        case .keep: false
        case .delete: true
        }
    }

    /// The reason as it is printed: `daily, kept until 2026-02-14T02:00:00Z`.
    package var description: String {
        switch self {
        case .keep(.pinned): "pinned"
        case .keep(.inUse): "in use"
        case .keep(.held): "from before its database shrank: held until `holdfast alert ack`"
        case .keep(.resting(let reason)): "rests: \(reason)"
        case .keep(.locked(let until)): "locked until \(Timestamp.seconds(until))"
        case .keep(.newestGood): "newest good backup"
        case .keep(.young(let tier, let until)): "\(tier.rawValue), kept until \(Timestamp.seconds(until))"
        case .keep(.floor(let count)): "floor of \(count) good backup\(count == 1 ? "" : "s")"
        case .keep(.lastRestorable(let floor)):
            "can be restored, and there are fewer than \(floor) good backup\(floor == 1 ? "" : "s")"
        case .keep(.unconfirmed): "not confirmed yet"
        case .keep(.clock(let newest)):
            "clock: a backup of this database was recorded at \(Timestamp.seconds(newest)), later than now"
        case .delete(.expired(let tier, let kept, let age)):
            "expired: \(tier.rawValue) kept \(kept), is \(Self.text(age)) old"
        case .delete(.expiredUnfit(let tier, let kept, let age)):
            "expired and not good: \(tier.rawValue) kept \(kept), is \(Self.text(age)) old"
        }
    }

    /// Whole days from two days on, whole hours below.
    private static func text(_ age: TimeInterval) -> String {
        let hours = Int(min(age / 3600, 1e9))
        return hours >= 48 ? "\(hours / 24) d" : "\(hours) h"
    }
}
