package import Domain
package import Foundation

/// Something that a restore left or keeps on a host: what it replaced, what it loaded and gave no name, debris of one that died.
package struct Remain: Codable, Sendable, Equatable {
    /// The host. Set by the coordinator.
    package var agent: String?
    /// The restore that it is of.
    package var restore: UUID
    /// `replaced`, `loaded` or `debris`.
    package var kind: String
    /// `database`, `role`, `file` or `folder`.
    package var what: String
    package var name: String
    package var database: DatabaseName
    package var bytes: Int64?
    package var since: Date
    /// The restore in words.
    package var by: String
    /// Why it cannot be removed now; nil when it can.
    package var obstacle: String?

    package init(
        restore: UUID, kind: String, what: String, name: String, database: DatabaseName, bytes: Int64?, since: Date,
        by: String, obstacle: String?
    ) {
        self.restore = restore
        self.kind = kind
        self.what = what
        self.name = name
        self.database = database
        self.bytes = bytes
        self.since = since
        self.by = by
        self.obstacle = obstacle
    }
}

/// Remove what a restore keeps on the agent's host, for good.
package struct DiscardOrder: Codable, Sendable, Equatable {
    package var restore: UUID
    package var name: String

    package init(restore: UUID, name: String) {
        self.restore = restore
        self.name = name
    }
}

/// `POST /v1/restored/discard`: what an operator asks for.
package struct DiscardRequest: Codable, Sendable, Equatable {
    package var agent: String
    package var restore: UUID
    package var name: String

    package init(agent: String, restore: UUID, name: String) {
        self.agent = agent
        self.restore = restore
        self.name = name
    }
}

/// How that stands.
package struct DiscardView: Codable, Sendable, Equatable {
    package var command: UUID
    /// Nil until its agent has answered.
    package var succeeded: Bool?
    package var message: String?
    package var failure: Failure?

    package init(command: UUID, succeeded: Bool? = nil, message: String? = nil, failure: Failure? = nil) {
        self.command = command
        self.succeeded = succeeded
        self.message = message
        self.failure = failure
    }
}
