import Domain
package import Foundation
import GRDB

/// Sums over all databases.
package struct FleetTotals: Sendable, Equatable {
    package let backups: Int
    package let storedBytes: Int64
}

extension CatalogView {
    /// Databases by agent and name: of one agent or all, of one name or all. Revoked agents' are left out when asked.
    package func databases(
        agent: UUID? = nil, named name: String? = nil, withRevoked: Bool = true
    ) throws -> [DatabaseRecord] {
        // Only what is asked for stands in the statement, so that an index can serve it.
        var conditions: [String] = []
        var arguments: StatementArguments = []
        if let agent {
            conditions.append("database.agent = ?")
            arguments += [agent.text]
        }
        if let name {
            conditions.append("database.name = ?")
            arguments += [name]
        }
        if !withRevoked { conditions.append("agent.revokedAt IS NULL") }
        var decoded = LabelCache()
        let rows = try Row.fetchCursor(
            database,
            sql: Self.selectDatabase
                + (conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND "))
                + " ORDER BY agentName, database.name",
            arguments: arguments)
        var out: [DatabaseRecord] = []
        while let row = try rows.next() { out.append(try Self.databaseRecord(row, &decoded)) }
        return out
    }

    package func databaseRecord(_ id: Int64) throws -> DatabaseRecord? {
        var decoded = LabelCache()
        return try Row.fetchOne(database, sql: Self.selectDatabase + " WHERE database.id = ?", arguments: [id])
            .map { try Self.databaseRecord($0, &decoded) }
    }

    /// When the newest good backup of this database of that host was made; nil when there is none, or no such database.
    package func lastGoodAt(ofDatabase name: String, onAgentNamed agent: String) throws -> Date? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT max(lastGoodAt) AS at FROM database JOIN agent ON agent.id = database.agent
                WHERE agent.name = ? AND database.name = ?
                """, arguments: [agent, name])?.date("at")
    }

    package func totals() throws -> FleetTotals {
        let row = try Row.fetchOne(
            database,
            sql:
                "SELECT coalesce(sum(goodBackups), 0) AS backups, CAST(total(storedBytes) AS INTEGER) AS bytes FROM database"
        )
        return FleetTotals(backups: row?["backups"] ?? 0, storedBytes: row?["bytes"] ?? 0)
    }

    private static let selectDatabase = """
        SELECT database.*, agent.name AS agentName, agent.labels AS agentLabels
        FROM database JOIN agent ON agent.id = database.agent
        """

    private static func databaseRecord(_ row: Row, _ labels: inout LabelCache) throws -> DatabaseRecord {
        DatabaseRecord(
            id: row["id"], agent: try row.requiredUUID("agent"), agentName: row["agentName"],
            agentLabels: try labels[row["agentLabels"]], name: try row.name("name"), kind: try row.word("kind"),
            labels: try labels[row["labels"]], serverVersion: row["serverVersion"], sizeBytes: row["sizeBytes"],
            problem: row["problem"], firstSeenAt: row.requiredDate("firstSeenAt"), plannedAt: row.date("plannedAt"),
            goneAt: row.date("goneAt"), unselectedAt: row.date("unselectedAt"), retiredAt: row.date("retiredAt"),
            lastGoodAt: row.date("lastGoodAt"),
            lastGoodRecordedAt: row.date("lastGoodRecordedAt"), lastGoodBackup: row.uuid("lastGoodBackup"),
            lastGoodProof: row["lastGoodProof"],
            lastRunState: (row["lastRunState"] as String?).flatMap(RunState.init(rawValue:)),
            lastError: row["lastError"],
            goodBackups: row["goodBackups"], storedBytes: row["storedBytes"])
    }
}

/// Labels repeat across a fleet, so each text is decoded once a query.
private struct LabelCache {
    private var known: [String: [String: String]] = [:]

    subscript(text: String) -> [String: String] {
        mutating get throws {
            if let labels = known[text] { return labels }
            let labels: [String: String] = try JSONColumn.decode(text)
            known[text] = labels
            return labels
        }
    }
}
