/// What one table's data was in a dump, so that a restore can be compared exactly.
package struct TableFingerprint: Codable, Sendable, Equatable {
    /// The name as it stands after `COPY` in the dump.
    package var name: String
    package var rows: Int64
    /// SHA-256 of the table's COPY data as 64 hex digits; empty where only rows are counted (SQLite).
    package var sha256: String

    package init(name: String, rows: Int64, sha256: String) {
        self.name = name
        self.rows = rows
        self.sha256 = sha256
    }
}
