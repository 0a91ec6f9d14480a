package import Foundation

/// What retention needs to know of one backup.
package struct RetentionCandidate: Hashable, Sendable {
    /// Whose backup it is. Floor and newest count within one database.
    package struct Source: Hashable, Sendable {
        package let agent: UUID
        package let database: DatabaseName

        package init(agent: UUID, database: DatabaseName) {
            self.agent = agent
            self.database = database
        }
    }

    package let id: UUID
    package let source: Source
    /// All tiers that it counts for; none means ``Tier/manual``.
    package let tiers: Set<Tier>
    /// When the coordinator recorded it, by the coordinator's own clock.
    package let recordedAt: Date
    /// What state it shows: of several that were recorded at once, the latest is the newest.
    package let snapshotAt: Date
    /// Complete everywhere and not known to be damaged. Others expire by age too, but count for nothing.
    package let isGood: Bool
    /// Whether some destination holds all of it, so that it can be restored although it is not good.
    package let hasWholeCopy: Bool
    /// Whether the coordinator has seen all copies that it can see. Until then it counts for nothing, and stays.
    package let isConfirmed: Bool
    package let isPinned: Bool
    /// A restore, verification or drill is reading it, or a command for it is on its way.
    package let isInUse: Bool
    /// The last one from before its database shrank, which nobody has said to be right yet.
    package let isHeld: Bool
    /// Until when the store itself forbids deletion.
    package let lockedUntil: Date?

    package init(
        id: UUID, source: Source, tiers: Set<Tier>, recordedAt: Date, snapshotAt: Date? = nil, isGood: Bool,
        hasWholeCopy: Bool = false, isConfirmed: Bool = true, isPinned: Bool = false, isInUse: Bool = false,
        isHeld: Bool = false,
        lockedUntil: Date? = nil
    ) {
        self.id = id
        self.source = source
        self.tiers = tiers
        self.recordedAt = recordedAt
        self.snapshotAt = snapshotAt ?? recordedAt
        self.isGood = isGood
        self.hasWholeCopy = hasWholeCopy
        self.isConfirmed = isConfirmed
        self.isPinned = isPinned
        self.isInUse = isInUse
        self.isHeld = isHeld
        self.lockedUntil = lockedUntil
    }
}
