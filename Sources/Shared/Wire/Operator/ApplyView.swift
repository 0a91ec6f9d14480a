/// `POST /v1/apply`: the text of a `fleet.yaml`.
package struct ApplyRequest: Codable, Sendable, Equatable {
    package var yaml: String
    package var fileName: String
    package var dryRun: Bool

    package init(yaml: String, fileName: String, dryRun: Bool) {
        self.yaml = yaml
        self.fileName = fileName
        self.dryRun = dryRun
    }
}

/// The difference that it makes, line by line as people read it (`+`, `-`, `~`), and what deserves a look.
package struct ApplyView: Codable, Sendable, Equatable {
    package var changes: [String]
    package var warnings: [String]
    package var applied: Bool

    package init(changes: [String], warnings: [String], applied: Bool) {
        self.changes = changes
        self.warnings = warnings
        self.applied = applied
    }
}
