import Domain
package import Foundation

/// An agent whose certificate was checked against the catalog.
package struct AgentIdentity: Sendable, Equatable {
    package let id: UUID
    package let name: String
    /// SHA-256 of the key that it came with, in hexadecimal: another host may have its place by the time it is answered.
    package let key: String

    package init(id: UUID, name: String, key: String) {
        self.id = id
        self.name = name
        self.key = key
    }
}

/// What an operator's token allows. Each role may do all that those before it may.
package enum OperatorRole: String, Codable, Sendable, CaseIterable, Comparable {
    /// Reads.
    case viewer
    /// Also backs up, verifies, tests alerts and makes join tokens.
    case `operator`
    /// Also restores.
    case restorer
    /// Everything.
    case admin

    package static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .restorer: 2
        case .admin: 3
        }
    }
}

/// An operator whose token was checked against the catalog.
package struct OperatorIdentity: Sendable, Equatable {
    package let tokenId: String
    package let role: OperatorRole

    package init(tokenId: String, role: OperatorRole) {
        self.tokenId = tokenId
        self.role = role
    }

    /// Throws `.forbidden` when the role allows less than `needed`.
    func require(_ needed: OperatorRole, _ doing: String) throws(BackupError) {
        guard role >= needed else {
            throw BackupError(
                .forbidden, "\(doing) needs a token with the role \(needed.rawValue); this one has \(role.rawValue)")
        }
    }
}
