package import Domain

/// `POST /v1/apply`: the text of a `fleet.yaml`.
package struct ApplyRequest: Codable, Sendable, Equatable {
    package var yaml: String
    package var fileName: String
    package var dryRun: Bool
    /// A person has seen what it makes deletable. Without it nothing is applied that does so.
    package var acceptsDeletions: Bool?

    package init(yaml: String, fileName: String, dryRun: Bool, acceptsDeletions: Bool? = nil) {
        self.yaml = yaml
        self.fileName = fileName
        self.dryRun = dryRun
        self.acceptsDeletions = acceptsDeletions
    }
}

/// The difference that it makes, line by line as people read it (`+`, `-`, `~`), and what deserves a look.
package struct ApplyView: Codable, Sendable, Equatable {
    package var changes: [String]
    package var warnings: [String]
    package var applied: Bool
    /// Databases of which it makes backups deletable, those that lose most first; nil for none. Unless that was accepted,
    /// nothing was applied.
    package var deletable: [DeletableView]?

    package init(changes: [String], warnings: [String], applied: Bool, deletable: [DeletableView]? = nil) {
        self.deletable = deletable
        self.changes = changes
        self.warnings = warnings
        self.applied = applied
    }
}

/// What a new configuration would let go of one database.
package struct DeletableView: Codable, Sendable, Equatable {
    package var agent: String
    package var database: DatabaseName
    /// All of its backups.
    package var backups: Int
    /// Those that the new configuration lets go, and how many of them the present one keeps.
    package var deletable: Int
    package var newly: Int
    /// It is more than automatic cleanup takes at once.
    package var isMuch: Bool
    /// The oldest of those that the present one keeps.
    package var examples: [CleanupItem]

    package init(
        agent: String, database: DatabaseName, backups: Int, deletable: Int, newly: Int, isMuch: Bool,
        examples: [CleanupItem]
    ) {
        self.agent = agent
        self.database = database
        self.backups = backups
        self.deletable = deletable
        self.newly = newly
        self.isMuch = isMuch
        self.examples = examples
    }
}
