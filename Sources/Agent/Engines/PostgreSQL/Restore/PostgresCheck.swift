import Archive
import Domain

/// Compares what was restored with the fingerprint of the dump.
struct PostgresCheck {
    /// Of the role that loaded it: a view could stand where a table was, and counting it runs what is in it.
    let session: PostgresSession
    let database: String
    let tables: [TableFingerprint]?

    enum Result {
        /// In words for the operator.
        case equal(String)
        case different([String])
    }

    /// Counts the rows of every table of the fingerprint.
    func run() async throws(BackupError) -> Result {
        guard let tables else { return .equal("loaded; no fingerprint to compare with") }
        var counting = session
        counting.deadline = .seconds(24 * 3600)
        var differences: [String] = []
        var total: Int64 = 0
        // In batches, so that neither the SQL nor the answer grows with the number of tables.
        for start in stride(from: 0, to: tables.count, by: 500) {
            let batch = tables[start..<min(start + 500, tables.count)]
            let counted = try await counting.ask(try Self.counts(of: batch), database: database, as: Int64.self)
            guard counted.count == batch.count else { throw BackupError(.bug, "counting rows: an answer is missing") }
            for (table, rows) in zip(batch, counted) {
                total += max(rows, 0)
                guard rows != table.rows else { continue }
                differences.append(
                    rows < 0
                        ? "the table \(table.name) is not there, the dump had \(table.rows) rows of it"
                        : "the table \(table.name) has \(rows) rows after the restore, the dump had \(table.rows)")
            }
        }
        guard differences.isEmpty else { return .different(differences) }
        return .equal("\(CountText.of(tables.count, "table")), \(CountText.of(total, "row")) match")
    }

    /// `ONLY`, because pg_dump writes the rows of a partition or an inheriting table under that one's name. A table that is not
    /// there counts as -1.
    private static func counts(of tables: ArraySlice<TableFingerprint>) throws(BackupError) -> String {
        var sql = ""
        for table in tables {
            // The name comes from a manifest and goes into SQL as it is.
            guard SQLText.isQualifiedName(table.name) else {
                throw BackupError(.integrity, "the fingerprint names a table that is no table name")
            }
            sql += """
                SELECT to_regclass(\(SQLText.literal(table.name))) IS NOT NULL AS there \\gset
                \\if :there
                SELECT count(*) FROM ONLY \(table.name);
                \\else
                SELECT -1;
                \\endif

                """
        }
        return sql
    }
}
