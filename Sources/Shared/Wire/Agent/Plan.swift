package import Domain

/// What one agent has to do, resolved from the policies: it is cached on the host and fired from, connected or not (P3).
package struct Plan: Codable, Sendable, Equatable {
    /// Rises with every change of content; 0 is the empty plan of an agent that never heard of the coordinator.
    package var revision: Int
    package var entries: [Entry]
    package var destinations: [Destination]

    package init(revision: Int, entries: [Entry], destinations: [Destination]) {
        self.revision = revision
        self.entries = entries
        self.destinations = destinations
    }

    package static let empty = Plan(revision: 0, entries: [], destinations: [])

    /// One policy applied to one database.
    package struct Entry: Codable, Sendable, Equatable {
        package var database: DatabaseName
        package var kind: DatabaseKind
        package var policy: String
        /// IANA name of the zone that the schedules are read in.
        package var timeZone: String
        package var tiers: [PlannedTier]
        /// Names of ``Plan/destinations``; all must hold a backup for it to be good.
        package var destinations: [String]
        package var compression: Compression
        package var compressionLevel: Int?
        /// age recipients; empty for none.
        package var recipients: [String]
        /// Fixed offset after the nominal time, in seconds, that keeps a fleet from starting all at once.
        package var spreadSeconds: Int

        package init(
            database: DatabaseName, kind: DatabaseKind, policy: String, timeZone: String, tiers: [PlannedTier],
            destinations: [String], compression: Compression, compressionLevel: Int? = nil, recipients: [String] = [],
            spreadSeconds: Int = 0
        ) {
            self.database = database
            self.kind = kind
            self.policy = policy
            self.timeZone = timeZone
            self.tiers = tiers
            self.destinations = destinations
            self.compression = compression
            self.compressionLevel = compressionLevel
            self.recipients = recipients
            self.spreadSeconds = spreadSeconds
        }
    }

    package struct PlannedTier: Codable, Sendable, Equatable {
        package var tier: Tier
        /// Cron expression of five fields.
        package var schedule: String

        package init(tier: Tier, schedule: String) {
            self.tier = tier
            self.schedule = schedule
        }
    }
}
