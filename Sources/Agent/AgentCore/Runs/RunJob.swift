package import Domain
package import Foundation
package import Wire

/// One run as this host has to do it; complete in itself, so that it can be taken up again after a crash.
package struct RunJob: Codable, Sendable, Equatable {
    package var run: UUID
    /// The command that asked for it, if one did.
    package var command: UUID?
    package var entry: Plan.Entry
    package var destinations: [Destination]
    /// Highest first.
    package var tiers: [Tier]
    package var nominalAt: Date

    package init(
        run: UUID, command: UUID?, entry: Plan.Entry, destinations: [Destination], tiers: [Tier], nominalAt: Date
    ) {
        self.run = run
        self.command = command
        self.entry = entry
        self.destinations = destinations
        self.tiers = tiers
        self.nominalAt = nominalAt
    }
}
