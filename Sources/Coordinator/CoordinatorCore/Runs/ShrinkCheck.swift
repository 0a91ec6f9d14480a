import Archive
import Catalog
import Domain
import Foundation
import Wire

/// A backup beside the last good one of its database: what lost most of its content is good as a copy, and perhaps of nothing.
struct ShrinkCheck {
    let before: BackupRecord
    let tables: Int?
    let rows: Int64?
    let bytes: Int64

    /// Fewer rows come and go, in queues and sessions.
    private static let manyRows = 1000

    /// Whether some table can have lost so many rows: else nobody has to look at each.
    var mayHaveLost: Bool {
        guard let old = before.sourceRows, rows != nil else { return false }
        return old >= Int64(Self.manyRows)
    }

    /// A table that had many rows and is there without any, in words.
    static func emptied(_ before: Manifest?, _ now: Manifest) -> String? {
        guard let old = before?.fingerprint?.tables, let new = now.fingerprint?.tables else { return nil }
        let full = Dictionary(old.filter { $0.rows >= manyRows }.map { ($0.name, $0.rows) }) { $1 }
        let emptied = new.filter { $0.rows == 0 && full[$0.name] != nil }
        guard let first = emptied.first, let rows = full[first.name] else { return nil }
        let more = emptied.count > 1 ? " and \(CountText.of(emptied.count - 1, "other table")) lost theirs" : ""
        return "no row in \(first.name), which had \(rows)\(more)"
    }

    /// `share` is how much may be lost.
    func finding(share: Double) -> String? {
        func lost(_ old: Int64?, _ new: Int64?, _ what: String) -> String? {
            guard let old, let new, old > 0, Double(new) < Double(old) * (1 - share) else { return nil }
            return "\(new) \(what) instead of \(old)"
        }
        let found = [
            lost(before.sourceTables.map(Int64.init), tables.map(Int64.init), "tables"),
            lost(before.sourceRows, rows, "rows"), lost(before.plainBytes, bytes, "bytes"),
        ].compactMap(\.self)
        return found.isEmpty ? nil : found.joined(separator: ", ")
    }
}

extension Manifest {
    /// How many tables were dumped, and rows in them; nil where the dump does not tell.
    var sourceTables: Int? { fingerprint?.tables.count }

    var sourceRows: Int64? {
        fingerprint.map { fingerprint in
            Int64(clamping: fingerprint.tables.reduce(Int128(0)) { $0 + Int128($1.rows) })
        }
    }
}
