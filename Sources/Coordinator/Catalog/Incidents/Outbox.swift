package import Foundation
import GRDB

extension CatalogView {
    /// Messages whose time has come, oldest first.
    package func dueDeliveries(at now: Date, limit: Int) throws -> [DeliveryRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(Self.deliveryColumns) FROM delivery WHERE state = 'pending' AND nextAt <= ? ORDER BY id LIMIT ?
                """,
            arguments: [now.milliseconds, limit]
        ).map(Self.delivery)
    }

    package func deliveries(of incident: Int64) throws -> [DeliveryRecord] {
        try Row.fetchAll(
            database, sql: "SELECT \(Self.deliveryColumns) FROM delivery WHERE incident = ? ORDER BY id",
            arguments: [incident]
        ).map(Self.delivery)
    }

    /// Of these channels those that have refused a message twice and more and still have not taken it, and those that have
    /// taken none since one was given up.
    package func failingChannels(_ channels: [String]) throws -> [FailingChannel] {
        try channels.compactMap { channel in
            let waiting = try unsent(channel, "state = 'pending'")
            let lost = try unsent(
                channel,
                """
                state = 'abandoned'
                    AND id > coalesce((SELECT max(id) FROM delivery WHERE channel = ?1 AND state = 'sent'), 0)
                """)
            guard lost != nil || (waiting?.attempts ?? 0) > 1 else { return nil }
            return FailingChannel(
                channel: channel, waiting: waiting?.count ?? 0, lost: lost?.count ?? 0,
                since: [waiting, lost].compactMap { $0?.since }.min() ?? .distantPast,
                reason: waiting?.reason ?? lost?.reason ?? "no reason was given")
        }
    }

    private struct Unsent {
        let count: Int
        let attempts: Int
        let since: Date
        let reason: String?
    }

    /// Nil when there is none. The condition is our own text, and may speak of the channel as `?1`.
    private func unsent(_ channel: String, _ condition: String) throws -> Unsent? {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT count(*) AS number, max(attempts) AS attempts, min(createdAt) AS since,
                    (SELECT lastError FROM delivery WHERE channel = ?1 AND lastError IS NOT NULL AND \(condition)
                        ORDER BY id DESC LIMIT 1) AS reason
                FROM delivery WHERE channel = ?1 AND \(condition)
                """, arguments: [channel])
        guard let row, let since = row.date("since") else { return nil }
        return Unsent(count: row["number"], attempts: row["attempts"], since: since, reason: row["reason"])
    }

    private static let deliveryColumns =
        """
        *, CASE kind WHEN 'success' THEN createdAt
            ELSE coalesce((SELECT openedAt FROM incident WHERE id = delivery.incident), createdAt) END AS happenedAt,
            (SELECT key FROM incident WHERE id = delivery.incident) AS incidentKey,
            (SELECT resolvedAt FROM incident WHERE id = delivery.incident) AS endedAt
        """

    private static func delivery(_ row: Row) -> DeliveryRecord {
        DeliveryRecord(
            id: row["id"], incident: row["incident"], key: row["incidentKey"], channel: row["channel"],
            isSuccess: row["kind"] == "success", isEnd: row["kind"] == "success" && row["incident"] != nil,
            endedAt: row.date("endedAt"),
            agent: row["agent"], database: row["database"], environment: row["environment"], title: row["title"],
            detail: row["detail"], state: row["state"], createdAt: row.requiredDate("createdAt"),
            happenedAt: row.requiredDate("happenedAt"),
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

    /// The channel took a test message, past the outbox: what was given up before tells nothing of it any more.
    package func noteTaken(by channel: String, title: String, at now: Date) throws {
        try database.execute(
            sql: """
                INSERT INTO delivery (channel, kind, title, detail, state, createdAt, attempts, nextAt, sentAt)
                VALUES (?1, 'success', ?2, '', 'sent', ?3, 1, ?3, ?3)
                """, arguments: [channel, title, now.milliseconds])
    }

    /// Not before that moment, and no try is counted.
    package func postpone(_ delivery: Int64, until time: Date) throws {
        try database.execute(
            sql: "UPDATE delivery SET nextAt = ? WHERE id = ? AND state = 'pending'",
            arguments: [time.milliseconds, delivery])
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
