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

    /// Of all deletions of this copy that its agent refused: when the first and the last one ended, and why the last.
    package func refusedDeletions(
        of backup: UUID, destination: String
    ) throws -> (first: Date, last: Date, reason: String)? {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT finishedAt AS last, failureMessage AS reason, min(finishedAt) OVER () AS first FROM operation
                WHERE kind = 'delete' AND state = 'failed' AND backup = ? AND destination = ?
                ORDER BY finishedAt DESC LIMIT 1
                """, arguments: [backup.text, destination])
        guard let row, let first = row.date("first"), let last = row.date("last") else { return nil }
        return (first, last, row["reason"] ?? "no reason was given")
    }

    /// Whether a copy that is to go from this destination is still there because its agent refused.
    package func hasRefusedDeletions(agent: UUID, destination: String) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM operation JOIN backup ON backup.id = operation.backup
                    JOIN copy ON copy.backup = backup.id AND copy.destination = operation.destination
                    WHERE operation.kind = 'delete' AND operation.state = 'failed' AND operation.agent = ?
                        AND operation.destination = ? AND backup.state = 'deleting' AND copy.state <> 'deleted')
                """, arguments: [agent.text, destination]) ?? false
    }

    /// Backups that something reads, or may still read: with an open verification or restore, or with one that was given up
    /// after it went down to its agent, which can go on unheard for as long as its addresses live.
    package func backupsInUse(deliveredSince time: Date) throws -> Set<UUID> {
        try Set(
            String.fetchAll(
                database,
                sql: """
                    SELECT backup FROM operation WHERE kind <> 'delete' AND (state IN ('pending', 'running')
                        OR (state = 'expired' AND EXISTS (
                            SELECT 1 FROM command WHERE operation = operation.id AND deliveredAt > ?)))
                    """, arguments: [time.milliseconds]
            ).compactMap(UUID.init(uuidString:)))
    }

    /// The operation whose id begins so (4 hex digits or more). Throws `.notFound`, or `.usage` when several do.
    package func requiredOperation(_ prefix: String) throws -> OperationRecord {
        let id = try onlyId(beginning: prefix, in: "operation", "an operation")
        guard let operation = try operation(id) else { throw BackupError(.notFound, "the operation is gone") }
        return operation
    }

    static let cancelledWord = "cancelled-by-operator"

    private static func operation(_ row: Row) throws -> OperationRecord {
        guard let kind = OperationKind(rawValue: row["kind"]) else {
            throw DamagedRow(words: "it holds an operation of an unknown kind")
        }
        // Cancelled ones stand as failed: the column takes only the words of its time.
        let isCancelled = row["failureCode"] as String? == cancelledWord
        var operation = OperationRecord(
            id: try row.requiredUUID("id"), kind: kind, agent: row.uuid("agent"), database: row["database"],
            backup: try row.requiredUUID("backup"), destination: row["destination"],
            state: isCancelled ? .cancelled : try row.word("state"),
            totalBytes: row["totalBytes"], startedAt: row.requiredDate("startedAt"), requestedBy: row["requestedBy"])
        operation.bytes = row["bytes"]
        operation.finishedAt = row.date("finishedAt")
        operation.message = row["message"]
        if !isCancelled, let code = row["failureCode"] as String?, let message = row["failureMessage"] as String? {
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
                operation.backup.text, operation.destination,
                (operation.state == .cancelled ? .failed : operation.state).rawValue, operation.totalBytes,
                operation.bytes, operation.startedAt.milliseconds, operation.finishedAt?.milliseconds,
                operation.message,
                operation.state == .cancelled ? CatalogView.cancelledWord : operation.failure?.code,
                operation.state == .cancelled ? operation.message ?? "" : operation.failure?.message, operation.proof,
                operation.restoredTo, operation.requestedBy,
            ])
    }
}
