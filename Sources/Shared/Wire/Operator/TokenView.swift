package import Foundation

/// `POST /v1/tokens`: a join token.
package struct TokenRequest: Codable, Sendable, Equatable {
    package var expiresInSeconds: Int
    /// How many hosts may join with it.
    package var uses: Int
    package var labels: [String: String]
    /// The address that agents reach the coordinator by; nil for the coordinator's own first name.
    package var url: String?
    /// Name or id of the agent whose place the host takes, with its name and its backups.
    package var replaces: String?

    package init(
        expiresInSeconds: Int, uses: Int, labels: [String: String], url: String? = nil, replaces: String? = nil
    ) {
        self.expiresInSeconds = expiresInSeconds
        self.uses = uses
        self.labels = labels
        self.url = url
        self.replaces = replaces
    }
}

/// The join string is shown once and never again.
package struct TokenCreated: Codable, Sendable, Equatable {
    package var id: String
    package var join: String
    package var expiresAt: Date

    package init(id: String, join: String, expiresAt: Date) {
        self.id = id
        self.join = join
        self.expiresAt = expiresAt
    }
}

/// A token without its secret: a join string's, or (with a role) an operator's.
package struct TokenView: Codable, Sendable, Equatable {
    package var id: String
    package var createdAt: Date
    /// nil for one without an end.
    package var expiresAt: Date?
    /// How many hosts may still join with it; nil for an operator's.
    package var usesLeft: Int?
    package var labels: [String: String]
    package var revoked: Bool
    /// `viewer`, `operator`, `restorer` or `admin`; nil for a join string's.
    package var role: String?
    /// Whose it is, as it was named when it was made.
    package var name: String?
    /// The agent whose place a host takes that joins with it.
    package var replaces: String?

    package init(
        id: String, createdAt: Date, expiresAt: Date?, usesLeft: Int? = nil, labels: [String: String] = [:],
        revoked: Bool, role: String? = nil, name: String? = nil, replaces: String? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.usesLeft = usesLeft
        self.labels = labels
        self.revoked = revoked
        self.role = role
        self.name = name
        self.replaces = replaces
    }
}
