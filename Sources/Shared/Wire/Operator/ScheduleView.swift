package import Domain
package import Foundation

/// One schedule of one policy, resolved for one database.
package struct ScheduleView: Codable, Sendable, Equatable {
    package var policy: String
    package var agent: String
    package var database: DatabaseName
    package var tier: Tier
    package var schedule: String
    package var timeZone: String
    /// Nominal time.
    package var nextAt: Date?
    /// With the spread.
    package var effectiveAt: Date?

    package init(
        policy: String, agent: String, database: DatabaseName, tier: Tier, schedule: String, timeZone: String,
        nextAt: Date? = nil, effectiveAt: Date? = nil
    ) {
        self.policy = policy
        self.agent = agent
        self.database = database
        self.tier = tier
        self.schedule = schedule
        self.timeZone = timeZone
        self.nextAt = nextAt
        self.effectiveAt = effectiveAt
    }
}
