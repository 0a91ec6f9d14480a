package import Foundation
import GRDB

extension CatalogView {
    /// Messages whose time has come, oldest first.
    package func dueDeliveries(at now: Date, limit: Int) throws -> [DeliveryRecord] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM delivery WHERE state = 'pending' AND nextAt <= ? ORDER BY id LIMIT ?",
            arguments: [now.milliseconds, limit]
        ).map(Self.delivery)
    }

    package func deliveries(of incident: Int64) throws -> [DeliveryRecord] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM delivery WHERE incident = ? ORDER BY id", arguments: [incident]
        ).map(Self.delivery)
    }

    private static func delivery(_ row: Row) -> DeliveryRecord {
        DeliveryRecord(
            id: row["id"], incident: row["incident"], channel: row["channel"], isSuccess: row["kind"] == "success",
            agent: row["agent"], database: row["database"], environment: row["environment"], title: row["title"],
            detail: row["detail"], state: row["state"], createdAt: row.requiredDate("createdAt"),
            attempts: row["attempts"], sentAt: row.date("sentAt"), lastError: row["lastError"])
    }
}

extension CatalogUpdate {
    /// To be called after the channel has taken the messages.
    package func markSent(_ deliveries: [Int64], at now: Date) throws {
        for id in deliveries {
            try database.execute(
                sql: """
                    UPDATE delivery SET state = 'sent', sentAt = ?, attempts = attempts + 1, lastError = NULL WHERE id = ?
                    """, arguments: [now.milliseconds, id])
        }
    }

    /// Another try at `nextAt`; nil gives up.
    package func markUnsent(_ deliveries: [Int64], error: String, nextAt: Date?) throws {
        for id in deliveries {
            try database.execute(
                sql: """
                    UPDATE delivery SET attempts = attempts + 1, lastError = ?, nextAt = coalesce(?, nextAt), state = ?
                    WHERE id = ?
                    """, arguments: [error, nextAt?.milliseconds, nextAt == nil ? "abandoned" : "pending", id])
        }
    }
}
