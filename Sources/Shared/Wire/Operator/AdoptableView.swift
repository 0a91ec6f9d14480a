package import Foundation

/// `POST /v1/adoptable`: where dumps of other tools are looked for.
package struct AdoptableRequest: Codable, Sendable, Equatable {
    /// `s3://bucket/prefix`, or a directory of the coordinator's host.
    package var from: String
    /// How names are read; nil for the usual forms.
    package var pattern: String?

    package init(from: String, pattern: String?) {
        self.from = from
        self.pattern = pattern
    }
}

/// What lies there, and has no row in the catalog.
package struct AdoptableView: Codable, Sendable, Equatable {
    /// Dumps whose manifests are not there, newest first; the first of them.
    package var dumps: [Dump]
    package var count: Int
    /// Manifests of Holdfast's own that have no row: `catalog rebuild` takes those in.
    package var manifests: Int

    package struct Dump: Codable, Sendable, Equatable {
        /// As a host names it: `s3://bucket/key`, or a path.
        package var place: String
        /// What the name says; nil where it does not.
        package var database: String?
        package var takenAt: Date?
        package var bytes: Int64
        package var storedAt: Date?

        package init(place: String, database: String?, takenAt: Date?, bytes: Int64, storedAt: Date?) {
            self.place = place
            self.database = database
            self.takenAt = takenAt
            self.bytes = bytes
            self.storedAt = storedAt
        }
    }

    package init(dumps: [Dump], count: Int, manifests: Int) {
        self.dumps = dumps
        self.count = count
        self.manifests = manifests
    }
}
