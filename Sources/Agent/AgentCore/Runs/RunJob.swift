import Archive
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
    /// The dump that is taken in; nil for a backup of the database itself.
    package var adopted: AdoptedDump?

    package init(
        run: UUID, command: UUID?, entry: Plan.Entry, destinations: [Destination], tiers: [Tier], nominalAt: Date,
        adopted: AdoptedDump? = nil
    ) {
        self.adopted = adopted
        self.run = run
        self.command = command
        self.entry = entry
        self.destinations = destinations
        self.tiers = tiers
        self.nominalAt = nominalAt
    }
}

extension RunJob {
    /// The keys of its objects; the plain ones without a token.
    func keys(of agent: AgentIdentity, token: String? = nil) -> BackupKeys {
        BackupKeys(
            agentName: agent.name, database: entry.database, kind: entry.kind, tier: tiers.max() ?? .manual,
            nominalAt: nominalAt, token: token)
    }

    /// The objects that a backup of this kind may have, by their names, without the manifest.
    func objectNames(_ keys: BackupKeys) -> [String] {
        let possible: [(ObjectRole, ObjectFormat)] =
            switch entry.kind {
            case .postgres: [(.globals, .plain), (.database, .plain), (.dump, .plain), (.dump, .custom)]
            case .sqlite: [(.dump, .sqlite)]
            case .application: [(.archive, .tar)]
            }
        return possible.map { keys.objectName($0.0, $0.1, entry.compression) }
    }
}
