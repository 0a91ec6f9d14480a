import Archive
import Domain

/// What a dump had of each table against what a second dump, of what was restored from it, has.
///
/// Both were read alike: what an extension filled by itself, and what lies in the partitions that pg_dump loads through their
/// root, is in both or in neither, under the same name. Of several pieces of one table the rows are summed, since a row may
/// come to lie in another partition.
struct TableComparison {
    /// In words for the operator, one for each table whose rows are not as many as they were.
    private(set) var differences: [String] = []
    /// Tables that have as many rows, which read differently.
    private(set) var otherwise: [String] = []
    /// Tables in several pieces, of which the rows could only be counted.
    private(set) var onlyCounted = 0
    private(set) var tables = 0
    private(set) var rows: Int64 = 0
    /// Of at least one table the digest was compared.
    private(set) var comparesDigests = false

    init(_ dumped: [TableFingerprint], _ restored: [TableFingerprint]) {
        let (wanted, order) = Self.grouped(dumped) { [$0.exactName] }
        // Manifests of earlier versions replaced what is no UTF-8.
        let (found, _) = Self.grouped(restored) { table in
            table.nameBytes == nil ? [table.exactName] : [table.exactName, Array(table.name.utf8)]
        }
        for name in order {
            guard let was = wanted[name] else { continue }
            compare(SQLText.shown(name), was, found[name])
        }
    }

    private struct Pieces {
        var rows: Int64 = 0
        var digests: [String] = []
    }

    private mutating func compare(_ name: String, _ was: Pieces, _ now: Pieces?) {
        tables += 1
        guard let now else {
            differences.append("the table \(name) is not there, the dump had \(CountText.of(was.rows, "row")) of it")
            return
        }
        rows += now.rows
        guard now.rows == was.rows else {
            differences.append(
                "the table \(name) has \(CountText.of(now.rows, "row")) after the restore, the dump had \(was.rows)")
            return
        }
        guard !was.digests.contains("") else { return }
        comparesDigests = true
        if was.digests.count > 1 || now.digests.count > 1 {
            if was.digests != now.digests { onlyCounted += 1 }
        } else if was.digests != now.digests {
            otherwise.append(name)
        }
    }

    private static func grouped(
        _ tables: [TableFingerprint], by names: (TableFingerprint) -> [[UInt8]]
    ) -> (pieces: [[UInt8]: Pieces], order: [[UInt8]]) {
        var pieces: [[UInt8]: Pieces] = [:]
        var order: [[UInt8]] = []
        for table in tables {
            for name in names(table) {
                if pieces[name] == nil { order.append(name) }
                let before = pieces[name] ?? Pieces()
                // Numbers of a manifest: whatever they are, nothing overflows.
                let (sum, isOver) = before.rows.addingReportingOverflow(table.rows)
                pieces[name] = Pieces(rows: isOver ? .max : sum, digests: (before.digests + [table.sha256]).sorted())
            }
        }
        return (pieces, order)
    }
}
