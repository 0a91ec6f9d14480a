package import Foundation

/// How the catalog itself stands: `GET /v1/catalog`.
package struct CatalogStateView: Codable, Sendable, Equatable {
    /// Which life of the catalog this is, and how much was acknowledged in it.
    package var epoch: Int
    package var head: Int
    /// Why the catalog lacks what was acknowledged, and since when that is known; nil while it lacks nothing.
    package var behind: String?
    package var behindSince: Date?
    /// One for each place that it is copied to.
    package var copies: [CatalogCopyView]
    /// Hosts that speak with certificates of this coordinator's authority, and that the catalog does not know or has no key of.
    package var strangers: [StrangerView]
    /// The newest rebuild since the coordinator's start.
    package var rebuild: RebuildView?

    package init(
        epoch: Int, head: Int, behind: String?, behindSince: Date?, copies: [CatalogCopyView],
        strangers: [StrangerView], rebuild: RebuildView?
    ) {
        self.epoch = epoch
        self.head = head
        self.behind = behind
        self.behindSince = behindSince
        self.copies = copies
        self.strangers = strangers
        self.rebuild = rebuild
    }
}

/// The newest copy of the catalog at one place.
package struct CatalogCopyView: Codable, Sendable, Equatable {
    package var place: String
    /// When it was made, under which key, and how long it is; nil where none was stored yet.
    package var at: Date?
    package var key: String?
    package var bytes: Int64?
    /// Why the last try failed; nil when it did not.
    package var failure: String?

    package init(place: String, at: Date? = nil, key: String? = nil, bytes: Int64? = nil, failure: String? = nil) {
        self.place = place
        self.at = at
        self.key = key
        self.bytes = bytes
        self.failure = failure
    }
}

/// A host that waits to be admitted again.
package struct StrangerView: Codable, Sendable, Equatable {
    package var id: UUID
    /// What the catalog, or else the host itself, says; nil when neither does.
    package var name: String?
    package var lastSeenAt: Date
    package var remote: String
    /// SHA-256 of its public key, in hexadecimal.
    package var key: String
    /// In the answer to an admission: why it was not admitted.
    package var refusal: String?

    package init(id: UUID, name: String?, lastSeenAt: Date, remote: String, key: String, refusal: String? = nil) {
        self.id = id
        self.name = name
        self.lastSeenAt = lastSeenAt
        self.remote = remote
        self.key = key
        self.refusal = refusal
    }
}

/// `POST /v1/catalog/rebuild`.
package struct RebuildRequest: Codable, Sendable, Equatable {
    /// `s3://bucket/prefix`, or a directory of the coordinator's host; nil for every object store of the fleet.
    package var from: String?
    /// Only say what would be done.
    package var dryRun: Bool
    /// Hosts, by name, that are left out, with their folders: they will not come back, or what they say is wrong.
    package var without: [String]?
    /// The directories of hosts that wait to be admitted need not be looked at.
    package var withoutWaiting: Bool?

    package init(from: String?, dryRun: Bool, without: [String]? = nil, withoutWaiting: Bool? = nil) {
        self.withoutWaiting = withoutWaiting
        self.from = from
        self.dryRun = dryRun
        self.without = without
    }
}

/// How a rebuild of the catalog stands.
package struct RebuildView: Codable, Sendable, Equatable {
    /// `incomplete`: all that could be looked at was taken in, and not all could. Retention goes on resting then.
    package enum State: String, Codable, Sendable, CaseIterable { case running, succeeded, incomplete, failed }

    package var state: State
    package var dryRun: Bool
    package var startedAt: Date
    package var finishedAt: Date?
    /// What is being done, in words.
    package var phase: String
    /// Manifests that were found, those that had no row and were read by now, and backups that were taken into the catalog.
    package var manifests: Int
    package var read: Int
    package var added: Int
    /// Copies that were added to backups that are known.
    package var copies: Int
    /// Hosts that were taken in by their manifests and have to be admitted: by name.
    package var agents: [String]
    /// What was not taken, each with its reason: the first of them.
    package var refused: [String]
    package var refusedCount: Int
    /// Why it failed, or what it could not look at.
    package var message: String?

    package init(dryRun: Bool, startedAt: Date, phase: String) {
        state = .running
        self.dryRun = dryRun
        self.startedAt = startedAt
        self.phase = phase
        (manifests, read, added, copies, refusedCount) = (0, 0, 0, 0, 0)
        (agents, refused) = ([], [])
    }
}

/// `POST /v1/admissions`: which of the waiting hosts are admitted.
package struct AdmitRequest: Codable, Sendable, Equatable {
    /// Names or ids; empty for all that wait.
    package var agents: [String]
    /// They are turned away instead: revoked, as `agent revoke` does with one that is known.
    package var refuse: Bool?

    package init(agents: [String], refuse: Bool? = nil) {
        self.agents = agents
        self.refuse = refuse
    }
}
