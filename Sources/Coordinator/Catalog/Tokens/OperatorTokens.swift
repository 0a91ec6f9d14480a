import Domain
package import Foundation
import GRDB

/// An operator's token without its secret. The role is the word that the catalog's schema knows.
package struct OperatorTokenRecord: Sendable, Equatable {
    package let id: String
    package let secretHash: String
    package let role: String
    /// Whose it is, for lists.
    package let name: String?
    package let createdAt: Date
    /// nil for one without an end.
    package let expiresAt: Date?
    package var revokedAt: Date?

    package init(
        id: String, secretHash: String, role: String, name: String? = nil, createdAt: Date, expiresAt: Date? = nil
    ) {
        self.id = id
        self.secretHash = secretHash
        self.role = role
        self.name = name
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

extension CatalogView {
    package func operatorToken(_ id: String) throws -> OperatorTokenRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM operatorToken WHERE id = ?", arguments: [id])
            .map(Self.operatorToken)
    }

    /// Newest first.
    package func operatorTokens() throws -> [OperatorTokenRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM operatorToken ORDER BY createdAt DESC, id")
            .map(Self.operatorToken)
    }

    /// Whether no other usable token has the role of an administrator.
    package func isLastAdminToken(_ id: String, at now: Date) throws -> Bool {
        try String.fetchAll(
            database,
            sql: """
                SELECT id FROM operatorToken WHERE role = 'admin' AND revokedAt IS NULL
                AND (expiresAt IS NULL OR expiresAt > ?) LIMIT 2
                """, arguments: [now.milliseconds]) == [id]
    }

    private static func operatorToken(_ row: Row) -> OperatorTokenRecord {
        var token = OperatorTokenRecord(
            id: row["id"], secretHash: row["secretHash"], role: row["role"], name: row["name"],
            createdAt: row.requiredDate("createdAt"), expiresAt: row.date("expiresAt"))
        token.revokedAt = row.date("revokedAt")
        return token
    }
}

extension CatalogUpdate {
    package func add(_ token: OperatorTokenRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO operatorToken (id, secretHash, role, name, createdAt, expiresAt) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                token.id, token.secretHash, token.role, token.name, token.createdAt.milliseconds,
                token.expiresAt?.milliseconds,
            ])
    }
}
