package import Foundation

/// A destination, what is known of its store, and what follows.
package struct DestinationView: Codable, Sendable, Equatable {
    /// One promise, as it is there.
    package struct Held: Codable, Sendable, Equatable {
        /// `P1` to `P12`.
        package var promise: String
        /// Nil where it is not known, or rests on something else.
        package var holds: Bool?
        package var words: String

        package init(promise: String, holds: Bool?, words: String) {
            self.promise = promise
            self.holds = holds
            self.words = words
        }
    }

    package var name: String
    /// Bucket and prefix, or a directory.
    package var place: String
    /// What is used: found by a probe, where `fleet.yaml` says nothing else.
    package var ways: StoreWays
    /// What `fleet.yaml` says; nil where it says nothing.
    package var said: StoreWays?
    /// When the last probe came to its end; nil for never.
    package var foundAt: Date?
    package var triedAt: Date?
    /// Why the newest probe did not.
    package var failure: String?
    /// What it could not find.
    package var notes: [String]
    package var promises: [Held]

    package init(
        name: String, place: String, ways: StoreWays, said: StoreWays?, foundAt: Date?, triedAt: Date?,
        failure: String?,
        notes: [String], promises: [Held]
    ) {
        self.name = name
        self.place = place
        self.ways = ways
        self.said = said
        self.foundAt = foundAt
        self.triedAt = triedAt
        self.failure = failure
        self.notes = notes
        self.promises = promises
    }
}
