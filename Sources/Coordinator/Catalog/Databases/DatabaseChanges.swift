package import Domain
package import Foundation
import GRDB
package import Wire

extension CatalogUpdate {
    /// Takes an agent's full list of databases: adds new ones, updates known ones, and marks the others as gone. Throws `.usage`
    /// when more than `most` would be known of the agent.
    package func setFacts(_ facts: [DatabaseFacts], of agent: UUID, atMost most: Int = .max, at now: Date) throws {
        try database.execute(
            sql: "UPDATE database SET goneAt = coalesce(goneAt, ?) WHERE agent = ?",
            arguments: [now.milliseconds, agent.text])
        // What was gone before just now is declared anew: an operator's word about it is over.
        for fact in facts {
            try database.execute(
                sql: """
                    INSERT INTO database (agent, name, kind, labels, serverVersion, tool, sizeBytes, problem, firstSeenAt)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                    ON CONFLICT (agent, name) DO UPDATE SET kind = excluded.kind, labels = excluded.labels,
                        serverVersion = excluded.serverVersion, tool = excluded.tool, sizeBytes = excluded.sizeBytes,
                        problem = excluded.problem, retiredAt = CASE WHEN goneAt = ?10 THEN retiredAt END, goneAt = NULL
                    """,
                arguments: [
                    agent.text, fact.name.rawValue, fact.kind.rawValue, try JSONColumn.encode(fact.labels),
                    fact.serverVersion, fact.tool, fact.sizeBytes, fact.problem, now.milliseconds, now.milliseconds,
                ])
        }
        guard try databaseCount(of: agent) <= most else { throw Self.tooMany(most) }
        try database.execute(
            sql: "UPDATE agent SET factsAt = ? WHERE id = ?", arguments: [now.milliseconds, agent.text])
    }

    /// The database's row; made from the report's own words when the agent's facts have not come yet. Throws `.usage` when more
    /// than `most` would be known of the agent.
    package func ensureDatabase(
        agent: UUID, name: DatabaseName, kind: DatabaseKind, atMost most: Int = .max, at now: Date
    ) throws -> Int64 {
        try database.execute(
            sql: """
                INSERT INTO database (agent, name, kind, labels, firstSeenAt) VALUES (?, ?, ?, '{}', ?)
                ON CONFLICT (agent, name) DO NOTHING
                """,
            arguments: [agent.text, name.rawValue, kind.rawValue, now.milliseconds])
        if database.changesCount > 0, try databaseCount(of: agent) > most { throw Self.tooMany(most) }
        let id = try Int64.fetchOne(
            database, sql: "SELECT id FROM database WHERE agent = ? AND name = ?",
            arguments: [agent.text, name.rawValue])
        guard let id else { throw BackupError(.bug, "a database's row vanished") }
        return id
    }

    private func databaseCount(of agent: UUID) throws -> Int {
        try Int.fetchOne(
            database, sql: "SELECT count(*) FROM database WHERE agent = ? AND retiredAt IS NULL",
            arguments: [agent.text]) ?? 0
    }

    private static func tooMany(_ most: Int) -> BackupError {
        BackupError(
            .usage,
            "this host has named more than \(most) databases by now: no further ones are taken of it until some are retired "
                + "(`holdfast database retire`)")
    }

    /// Since when the database is planned as it is now; nil when no policy selects it any more.
    package func setPlanned(_ id: Int64, since: Date?) throws {
        try database.execute(
            sql: "UPDATE database SET plannedAt = ? WHERE id = ?", arguments: [since?.milliseconds, id])
    }

    /// Since when no policy selects it; nil when one does.
    package func setUnselected(_ id: Int64, since: Date?) throws {
        try database.execute(
            sql:
                "UPDATE database SET unselectedAt = ?1, retiredAt = CASE WHEN ?1 IS NULL AND goneAt IS NULL THEN NULL ELSE retiredAt END WHERE id = ?2",
            arguments: [since?.milliseconds, id])
    }

    /// An operator wants to hear of it no longer.
    package func setRetired(_ id: Int64, at now: Date) throws {
        try database.execute(
            sql: "UPDATE database SET retiredAt = ? WHERE id = ?", arguments: [now.milliseconds, id])
    }

    /// Brings the summary up to date with the database's backups. To be called by whatever changes one.
    ///
    /// What was recorded while the clock was ahead comes last, so that it hides nothing that is recorded since.
    func refreshSummary(_ id: Int64, at now: Date) throws {
        try database.execute(
            sql: """
                UPDATE database SET
                    (lastGoodBackup, lastGoodAt, lastGoodRecordedAt, lastGoodProof) =
                        (SELECT id, snapshotAt, recordedAt, proof FROM backup WHERE backup.id = coalesce(
                            (SELECT id FROM backup WHERE backup.database = ?1 AND state = 'good' AND recordedAt <= ?2
                             ORDER BY recordedAt DESC, snapshotAt DESC, id DESC LIMIT 1),
                            (SELECT id FROM backup WHERE backup.database = ?1 AND state = 'good'
                             ORDER BY recordedAt DESC, snapshotAt DESC, id DESC LIMIT 1))),
                    (goodBackups, storedBytes) =
                        (SELECT count(*), CAST(total(storedBytes) AS INTEGER) FROM backup
                         WHERE backup.database = ?1 AND state = 'good')
                WHERE id = ?1
                """,
            arguments: [id, (now + ClockSkew.tolerated).milliseconds])
    }
}
