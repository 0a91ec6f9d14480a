import Sealing

/// What one table's data was in a dump, so that a restore can be compared exactly. A table of which the dump has several
/// pieces (pg_dump loads some partitions through their root) has one for each.
package struct TableFingerprint: Codable, Sendable, Equatable {
    /// The name as it stands after `COPY` in the dump, for people: what is no UTF-8 in it is replaced.
    package var name: String
    /// The name's bytes as hex digits, where they are no UTF-8: a name is bytes in the encoding of its database.
    package var nameBytes: String?
    package var rows: Int64
    /// SHA-256 of the table's COPY data as 64 hex digits; empty where only rows are counted (SQLite).
    package var sha256: String

    /// The name's bytes. Two names are one table only when all of them agree.
    package var exactName: [UInt8] {
        guard let digits = nameBytes.map({ Array($0.utf8) }), digits.count.isMultiple(of: 2) else {
            return Array(name.utf8)
        }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
        }
    }

    package init(name: String, rows: Int64, sha256: String) {
        self.name = name
        self.rows = rows
        self.sha256 = sha256
    }

    /// `name` in whatever encoding the database has.
    package init(name: [UInt8], rows: Int64, sha256: String) {
        self.init(name: String(decoding: name, as: UTF8.self), rows: rows, sha256: sha256)
        if String(validating: name, as: UTF8.self) == nil { nameBytes = hex(name) }
    }
}
