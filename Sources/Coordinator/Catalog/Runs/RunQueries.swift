import Domain
package import Foundation
import GRDB
import Wire

extension CatalogView {
    package func run(_ id: UUID) throws -> RunRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM run WHERE id = ?", arguments: [id.text]).map(Self.run)
    }

    /// The run whose id begins so (4 hex digits or more). Throws `.notFound`, or `.usage` when several do.
    package func requiredRun(_ prefix: String) throws -> RunRecord {
        let id = try onlyId(beginning: prefix, in: "run", "a run")
        guard let run = try run(id) else { throw BackupError(.notFound, "the run is gone") }
        return run
    }

    /// Runs that have not ended, of one database or all.
    package func openRuns(database id: Int64? = nil) throws -> [RunRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM run WHERE state IN ('running', 'unknown') \(id == nil ? "" : "AND database = ?")
                ORDER BY nominalAt, id
                """, arguments: id.map { [$0] } ?? []
        ).map(Self.run)
    }

    /// Whether this very report was taken before.
    package func hasReport(run: UUID, attempt: Int, sequence: Int) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM runReport WHERE run = ? AND attempt = ? AND sequence = ?)",
            arguments: [run.text, attempt, sequence]) ?? false
    }

    private static func run(_ row: Row) throws -> RunRecord {
        var run = RunRecord(
            id: try row.requiredUUID("id"), database: row["database"], policy: row["policy"], tiers: row.tiers("tiers"),
            state: try row.word("state"), attempt: row["attempt"], nominalAt: row.requiredDate("nominalAt"),
            recordedAt: row.requiredDate("recordedAt"), demanded: try row.json("demanded"))
        run.heardAt = row.requiredDate("heardAt")
        run.startedAt = row.date("startedAt")
        run.finishedAt = row.date("finishedAt")
        run.backup = row.uuid("backup")
        run.reason = row["reason"]
        if let code = row["failureCode"] as String?, let message = row["failureMessage"] as String? {
            run.failure = .init(code: code, message: message)
        }
        run.destinations = try row.json("destinations")
        run.kind = (row["kind"] as String?).flatMap(DatabaseKind.init(rawValue:))
        return run
    }
}
