/// How often a backup is made, which also says how long it is kept. Order: `manual` lowest, `monthly` highest.
package enum Tier: String, Codable, Sendable, CaseIterable, Comparable, Hashable {
    case manual, hourly, daily, weekly, monthly

    /// Coinciding tiers make one run, named after the highest.
    package static func < (one: Tier, other: Tier) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .manual: 0
        case .hourly: 1
        case .daily: 2
        case .weekly: 3
        case .monthly: 4
        }
    }
}
