import Domain
package import Foundation
import GRDB
import Wire

extension CatalogView {
    package func operation(_ id: UUID) throws -> OperationRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM operation WHERE id = ?", arguments: [id.text])
            .map(Self.operation)
    }

    /// Operations that have not ended, oldest first: with one backup, or all.
    package func openOperations(backup: UUID? = nil) throws -> [OperationRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM operation WHERE state IN ('pending', 'running') \(backup == nil ? "" : "AND backup = ?")
                ORDER BY startedAt, id
                """, arguments: backup.map { [$0.text] } ?? []
        ).map(Self.operation)
    }

    private static func operation(_ row: Row) throws -> OperationRecord {
        guard let kind = OperationKind(rawValue: row["kind"]) else {
            throw BackupError(.integrity, "the catalog holds an operation of an unknown kind")
        }
        var operation = OperationRecord(
            id: try row.requiredUUID("id"), kind: kind, agent: row.uuid("agent"), database: row["database"],
            backup: try row.requiredUUID("backup"), destination: row["destination"], state: try row.word("state"),
            totalBytes: row["totalBytes"], startedAt: row.requiredDate("startedAt"), requestedBy: row["requestedBy"])
        operation.bytes = row["bytes"]
        operation.finishedAt = row.date("finishedAt")
        operation.message = row["message"]
        if let code = row["failureCode"] as String?, let message = row["failureMessage"] as String? {
            operation.failure = .init(code: code, message: message)
        }
        operation.proof = row["proof"]
        operation.restoredTo = row["restoredTo"]
        return operation
    }
}

extension CatalogUpdate {
    /// Adds or replaces an operation.
    package func save(_ operation: OperationRecord) throws {
        try database.execute(
            sql: """
                INSERT INTO operation (id, kind, agent, database, backup, destination, state, totalBytes, bytes,
                    startedAt, finishedAt, message, failureCode, failureMessage, proof, restoredTo, requestedBy)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, bytes = excluded.bytes,
                    finishedAt = excluded.finishedAt, message = excluded.message, failureCode = excluded.failureCode,
                    failureMessage = excluded.failureMessage, proof = excluded.proof, restoredTo = excluded.restoredTo
                """,
            arguments: [
                operation.id.text, operation.kind.rawValue, operation.agent?.text, operation.database,
                operation.backup.text, operation.destination, operation.state.rawValue, operation.totalBytes,
                operation.bytes, operation.startedAt.milliseconds, operation.finishedAt?.milliseconds,
                operation.message, operation.failure?.code, operation.failure?.message, operation.proof,
                operation.restoredTo, operation.requestedBy,
            ])
    }
}
