package import Domain
package import Foundation
package import Wire

/// One run, as the catalog holds it.
package struct RunRecord: Sendable, Equatable {
    package let id: UUID
    /// Row of its database.
    package let database: Int64
    package let policy: String
    package let tiers: [Tier]
    package var state: RunState
    package var attempt: Int
    package let nominalAt: Date
    /// Of the database, as the first report said; nil for runs of before.
    package var kind: DatabaseKind?
    /// When the coordinator first knew of it.
    package let recordedAt: Date
    /// When the coordinator last heard of it.
    package var heardAt: Date
    package var startedAt: Date?
    package var finishedAt: Date?
    package var backup: UUID?
    package var reason: String?
    package var failure: Failure?
    /// Names of the destinations that must all hold the backup for it to be good.
    package var demanded: [String]
    package var destinations: [DestinationResult]

    package init(
        id: UUID, database: Int64, policy: String, tiers: [Tier], state: RunState, attempt: Int, nominalAt: Date,
        recordedAt: Date, demanded: [String]
    ) {
        self.id = id
        self.database = database
        self.policy = policy
        self.tiers = tiers
        self.state = state
        self.attempt = attempt
        self.nominalAt = nominalAt
        self.recordedAt = recordedAt
        heardAt = recordedAt
        self.demanded = demanded
        destinations = []
    }
}
