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
