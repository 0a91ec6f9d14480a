import Domain
package import Foundation
import GRDB
import Wire

/// A join token without its secret.
package struct JoinTokenRecord: Sendable, Equatable {
    package let id: String
    /// SHA-256 of the secret, in hexadecimal.
    package let secretHash: String
    package let createdAt: Date
    package let createdBy: String
    package let expiresAt: Date
    package var usesLeft: Int
    package let labels: [String: String]
    /// The agent whose place a host takes that joins with it; nil for a host of its own.
    package let replaces: UUID?
    package var revokedAt: Date?

    package init(
        id: String, secretHash: String, createdAt: Date, createdBy: String, expiresAt: Date, usesLeft: Int,
        labels: [String: String], replaces: UUID? = nil
    ) {
        self.id = id
        self.secretHash = secretHash
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.usesLeft = usesLeft
        self.labels = labels
        self.replaces = replaces
    }
}

extension CatalogView {
    package func joinToken(_ id: String) throws -> JoinTokenRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM joinToken WHERE id = ?", arguments: [id]).map(Self.joinToken)
    }

    /// Newest first.
    package func joinTokens() throws -> [JoinTokenRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM joinToken ORDER BY createdAt DESC, id").map(Self.joinToken)
    }

    private static func joinToken(_ row: Row) throws -> JoinTokenRecord {
        var token = JoinTokenRecord(
            id: row["id"], secretHash: row["secretHash"], createdAt: row.requiredDate("createdAt"),
            createdBy: row["createdBy"], expiresAt: row.requiredDate("expiresAt"), usesLeft: row["usesLeft"],
            labels: try row.json("labels"), replaces: row.uuid("replaces"))
        token.revokedAt = row.date("revokedAt")
        return token
    }
}

extension CatalogUpdate {
    package func add(_ token: JoinTokenRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO joinToken (id, secretHash, createdAt, createdBy, expiresAt, usesLeft, labels, replaces)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                token.id, token.secretHash, token.createdAt.milliseconds, token.createdBy, token.expiresAt.milliseconds,
                token.usesLeft, try JSONColumn.encode(token.labels), token.replaces?.text,
            ])
    }

    /// Takes one use off a join token. Throws `.forbidden` when none is left.
    package func useJoinToken(_ id: String) throws {
        try database.execute(
            sql: "UPDATE joinToken SET usesLeft = usesLeft - 1 WHERE id = ? AND usesLeft > 0", arguments: [id])
        guard database.changesCount == 1 else {
            throw BackupError(.forbidden, "the join string was used up; make another with `holdfast token create`")
        }
    }

    /// Revokes a join or operator token. Throws `.notFound`.
    package func revokeToken(_ id: String, at now: Date) throws {
        var changed = 0
        for table in ["joinToken", "operatorToken"] {
            try database.execute(
                sql: "UPDATE \(table) SET revokedAt = coalesce(revokedAt, ?) WHERE id = ?",
                arguments: [now.milliseconds, id])
            changed += database.changesCount
        }
        guard changed > 0 else {
            throw BackupError(.notFound, "no token has the id \(id): `holdfast token list` shows the ids")
        }
    }
}
