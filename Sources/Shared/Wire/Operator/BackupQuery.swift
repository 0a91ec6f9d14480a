package import Domain
package import Foundation

/// `GET /v1/backups`: which backups are listed; nil stands for all. Times are of the data.
package struct BackupQuery: Sendable, Equatable {
    package var tier: Tier?
    package var database: String?
    package var agent: String?
    package var state: BackupState?
    /// The data is of this moment or later.
    package var since: Date?
    /// The data is of before this moment.
    package var before: Date?
    /// Of each database the newest backup with a whole copy that was complete by this moment. With none of state, since and before.
    package var at: Date?
    package var limit: Int?
    /// Only those with an object, or the manifest, there: `s3://BUCKET/KEY`, a path, or the end of one, such as a file's name. With
    /// nothing else but the limit.
    package var path: String?

    package init(
        tier: Tier? = nil, database: String? = nil, agent: String? = nil, state: BackupState? = nil, since: Date? = nil,
        before: Date? = nil, at: Date? = nil, limit: Int? = nil, path: String? = nil
    ) {
        self.path = path
        self.tier = tier
        self.database = database
        self.agent = agent
        self.state = state
        self.since = since
        self.before = before
        self.at = at
        self.limit = limit
    }

    /// As parameters of the address.
    package var parameters: [(name: String, value: String?)] {
        [
            ("tier", tier?.rawValue), ("database", database), ("agent", agent), ("state", state?.rawValue),
            ("since", since.map(Timestamp.text)), ("before", before.map(Timestamp.text)),
            ("at", at.map(Timestamp.text)),
            ("limit", limit.map(String.init)), ("path", path),
        ]
    }
}
