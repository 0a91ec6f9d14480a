package import Domain
package import Foundation

/// What somebody asks for on this host: backups now, by the plan that lies here.
package struct ManualRequest: Codable, Sendable, Equatable {
    package var id: UUID
    /// As `agent.yaml` calls them; empty for all that the plan backs up.
    package var databases: [DatabaseName]
    package var at: Date
    /// A dump that is taken in as a backup of the one database that is named, in place of one that is made.
    package var adopts: AdoptedDump?

    package init(id: UUID, databases: [DatabaseName], at: Date, adopts: AdoptedDump? = nil) {
        self.adopts = adopts
        self.id = id
        self.databases = databases
        self.at = at
    }
}

/// How it goes with a ``ManualRequest``.
package struct ManualAnswer: Codable, Sendable, Equatable {
    /// In the order in which they were asked for.
    package var runs: [Run]
    /// What was not begun, and why, in words.
    package var skipped: [String]
    /// Why nothing of it can be done.
    package var refusal: Refusal?

    package init(runs: [Run] = [], skipped: [String] = [], refusal: Refusal? = nil) {
        self.runs = runs
        self.skipped = skipped
        self.refusal = refusal
    }

    /// All have come to their ends.
    package var isOver: Bool { refusal != nil || runs.allSatisfy { $0.end != nil } }

    package struct Run: Codable, Sendable, Equatable {
        package var run: UUID
        package var database: DatabaseName
        package var phase: String
        package var plainBytes: Int64
        package var storedBytes: Int64
        /// What the database was the last time it was looked at for this run; nil as long as that is not known.
        package var end: End?
    }

    /// How one run ended.
    package struct End: Codable, Sendable, Equatable {
        /// Nil for a backup that is good.
        package var failure: Refusal?
        /// Names of the destinations that hold the whole backup.
        package var destinations: [String]
        /// Key of the manifest, below the destination's prefix; nil when there is no backup.
        package var manifest: String?
    }

    /// An error as it travels.
    package struct Refusal: Codable, Sendable, Equatable {
        package var code: BackupError.Code
        package var message: String

        init(_ error: BackupError) { (code, message) = (error.code, error.description) }

        /// The same, to be thrown.
        package var error: BackupError { BackupError(code, message) }
    }
}
