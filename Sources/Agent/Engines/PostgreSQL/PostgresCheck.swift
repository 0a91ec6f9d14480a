import Archive
import Domain

/// Compares what was restored with the fingerprint of the dump.
extension PostgresRestore {
    /// Counts the rows of every table of the fingerprint. Answers with words for the operator; throws `.integrity` where a
    /// table is missing or differs.
    func check(_ session: PostgresSession, _ scratch: String) async throws(BackupError) -> String {
        guard let tables = request.fingerprint?.tables else {
            return "loaded without errors; no fingerprint to compare with"
        }
        var counting = session
        counting.deadline = .seconds(24 * 3600)
        var counted: [Int64] = []
        // In batches, so that neither the SQL nor the answer grows with the number of tables.
        for start in stride(from: 0, to: tables.count, by: 500) {
            let batch = tables[start..<min(start + 500, tables.count)]
            counted += try await counting.ask(try Self.counts(of: batch), database: scratch, as: Int64.self)
        }
        for (table, rows) in zip(tables, counted) where table.rows != rows {
            throw BackupError(
                .integrity, "the table \(table.name) has \(rows) rows after the restore, the dump had \(table.rows)")
        }
        guard counted.count == tables.count else { throw BackupError(.bug, "counting rows: an answer is missing") }
        return "\(CountText.of(tables.count, "table")), \(CountText.of(counted.reduce(0, +), "row")) match"
    }

    /// `ONLY`, because pg_dump writes the rows of a partition or an inheriting table under that one's name.
    private static func counts(of tables: ArraySlice<TableFingerprint>) throws(BackupError) -> String {
        var sql = ""
        for table in tables {
            // The name comes from a manifest and goes into SQL as it is.
            guard SQLText.isQualifiedName(table.name) else {
                throw BackupError(.integrity, "the fingerprint names a table that is no table name")
            }
            sql += "SELECT count(*) FROM ONLY \(table.name);\n"
        }
        return sql
    }
}
