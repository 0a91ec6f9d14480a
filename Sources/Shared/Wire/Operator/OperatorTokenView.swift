package import Foundation

/// `POST /v1/operator-tokens`: a token for a person or a program.
package struct OperatorTokenRequest: Codable, Sendable, Equatable {
    /// `viewer`, `operator`, `restorer` or `admin`.
    package var role: String
    /// Whose it is, for lists.
    package var name: String?
    package var expiresInSeconds: Int

    package init(role: String, name: String? = nil, expiresInSeconds: Int) {
        self.role = role
        self.name = name
        self.expiresInSeconds = expiresInSeconds
    }
}

/// The token is shown once and never again.
package struct OperatorTokenCreated: Codable, Sendable, Equatable {
    package var id: String
    package var role: String
    package var name: String?
    /// A secret.
    package var token: String
    package var expiresAt: Date

    package init(id: String, role: String, name: String? = nil, token: String, expiresAt: Date) {
        self.id = id
        self.role = role
        self.name = name
        self.token = token
        self.expiresAt = expiresAt
    }
}
