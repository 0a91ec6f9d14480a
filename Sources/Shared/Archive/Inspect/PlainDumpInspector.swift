package import Domain
import Glibc

/// Follows a plain dump of `pg_dump`, `pg_restore --file=-` or `pg_dumpall`: fingerprints the data of every table, proves by
/// the tool's own completion line that nothing is missing, and finds what no such tool writes: commands of `psql`, which
/// could run programs where the dump is restored.
///
/// It reads SQL as `psql` does, so that neither data nor function bodies, strings, names or comments that look like a
/// `COPY`, an end of data or a completion line mean anything to it.
package final class PlainDumpInspector: Inspector {
    private var statements: StatementScanner
    /// Roles and tablespaces have no rows.
    private let hasRows: Bool
    private var copy: CopyDataScanner?
    private var copyName: [UInt8] = []
    private var tables: [TableFingerprint] = []
    /// More tables than anybody can be told of: then none is, and memory does not grow with a dump made to fill it (P10).
    private static let mostTables = 200_000
    private var hasTooManyTables = false
    private var isEmpty = true
    /// Line ends so far.
    private var lines: Int64 = 0
    private var intrusion: BackupError?

    /// `completion` is the line that the tool ends a whole dump with.
    package init(expecting completion: DumpCompletion.Line = .database) {
        statements = StatementScanner(expecting: completion)
        hasRows = completion == .database
    }

    package func consume(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        isEmpty = false
        // psql drops the rest of a line behind a NUL, quotes and all; pg_dump never writes one.
        guard let nul = memchr(base, 0, bytes.count) else { return follow(bytes) }
        follow(UnsafeRawBufferPointer(rebasing: bytes[..<base.distance(to: UnsafeRawPointer(nul))]))
        intrude("a NUL")
    }

    private func follow(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while position < bytes.count, intrusion == nil {
            if copy != nil {
                guard let next = copy?.scan(bytes, from: position) else { return }
                position = next
                endTable()
                continue
            }
            let (end, stop) = statements.scan(bytes, from: position)
            for byte in bytes[position..<end] where byte == UInt8(ascii: "\n") { lines += 1 }
            position = end
            switch stop {
            case .more, .statement: break
            case .data where hasRows:
                copyName = statements.takeCopyName() ?? []
                copy = CopyDataScanner()
            case .data: intrude("the rows of a table among roles and tablespaces")
            case .intrusion: intrude(statements.intrusion ?? "something that pg_dump does not write")
            }
        }
    }

    package func finish() throws(BackupError) -> Inspection {
        if let intrusion { throw intrusion }
        if isEmpty { throw incomplete("it is empty") }
        guard copy == nil else { throw incomplete("it ends within the rows of a table") }
        if let reason = statements.reasonNotAtEnd ?? statements.reasonIncomplete { throw incomplete(reason) }
        return Inspection(tables: tables)
    }

    private func endTable() {
        guard let ended = copy?.finish() else { return }
        copy = nil
        lines += ended.rows + 1
        guard !hasTooManyTables else { return }
        tables.append(TableFingerprint(name: copyName, rows: ended.rows, sha256: ended.sha256))
        if tables.count > Self.mostTables { (tables, hasTooManyTables) = ([], true) }
    }

    private func intrude(_ what: String) {
        intrusion = intrusion ?? DumpIntrusion.error(what, line: lines + (copy?.rows ?? 0) + 1)
    }

    private func incomplete(_ reason: String) -> BackupError {
        BackupError(.integrity, "the dump is not complete: \(reason)")
    }
}
