import Domain
package import Foundation
import GRDB
import Wire

extension CatalogUpdate {
    /// Adds or replaces a run, and notes it in its database's summary.
    package func save(_ run: RunRecord, at now: Date) throws {
        try database.execute(
            sql: """
                INSERT INTO run (id, database, policy, tiers, state, attempt, nominalAt, recordedAt, heardAt, startedAt,
                    finishedAt, backup, reason, failureCode, failureMessage, demanded, destinations, kind)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, attempt = excluded.attempt,
                    heardAt = excluded.heardAt, startedAt = excluded.startedAt, finishedAt = excluded.finishedAt,
                    backup = excluded.backup, reason = excluded.reason, failureCode = excluded.failureCode,
                    failureMessage = excluded.failureMessage, demanded = excluded.demanded,
                    destinations = excluded.destinations
                """,
            arguments: [
                run.id.text, run.database, run.policy, run.tiers.column, run.state.rawValue, run.attempt,
                run.nominalAt.milliseconds, run.recordedAt.milliseconds, run.heardAt.milliseconds,
                run.startedAt?.milliseconds, run.finishedAt?.milliseconds, run.backup?.text, run.reason,
                run.failure?.code, run.failure?.message, try JSONColumn.encode(run.demanded),
                try JSONColumn.encode(run.destinations), run.kind?.rawValue,
            ])
        try noteLastRun(run, at: now)
    }

    /// Remembers that this report was taken; once is enough.
    package func addReport(
        run: UUID, attempt: Int, sequence: Int, event: String, at: Date, receivedAt: Date
    ) throws {
        try database.execute(
            sql:
                "INSERT OR IGNORE INTO runReport (run, attempt, sequence, event, at, receivedAt) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [run.text, attempt, sequence, event, at.milliseconds, receivedAt.milliseconds])
    }

    /// The summary shows the run of the latest nominal time, however late its reports come; one whose time has not come
    /// yet, because a clock was ahead, only when there is no other.
    private func noteLastRun(_ run: RunRecord, at now: Date) throws {
        func latest(_ comparison: String) throws -> Row? {
            try Row.fetchOne(
                database,
                sql: """
                    SELECT id, state, coalesce(failureMessage, reason) AS error FROM run
                    WHERE database = ?1 AND nominalAt \(comparison) ?2
                    ORDER BY nominalAt DESC, recordedAt DESC, id LIMIT 1
                    """, arguments: [run.database, (now + ClockSkew.tolerated).milliseconds])
        }
        let newest = try latest("<=") ?? latest(">")
        let state = newest?["state"] as String?
        let error = state == "succeeded" || state == "running" ? nil : newest?["error"] as String?
        try database.execute(
            sql: "UPDATE database SET lastRun = ?, lastRunState = ?, lastError = ? WHERE id = ?",
            arguments: [newest?["id"] as String?, state, error, run.database])
    }
}
