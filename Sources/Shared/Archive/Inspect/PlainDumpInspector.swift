package import Domain

/// Follows a plain dump of `pg_dump`, `pg_restore --file=-` or `pg_dumpall`: fingerprints the data of every table and
/// proves by the tool's own completion line that nothing is missing.
///
/// It reads SQL as `psql` does, so that neither data nor function bodies, strings, names or comments that look like a
/// `COPY`, an end of data or a completion line mean anything to it.
package final class PlainDumpInspector: Inspector {
    private var statements: StatementScanner
    private var copy: CopyDataScanner?
    private var copyName = ""
    private var tables: [TableFingerprint] = []
    /// More tables than anybody can be told of: then none is, and memory does not grow with a dump made to fill it (P10).
    private static let mostTables = 200_000
    private var hasTooManyTables = false
    private var isEmpty = true

    /// `completion` is the line that the tool ends a whole dump with.
    package init(expecting completion: DumpCompletion.Line = .database) {
        statements = StatementScanner(completion: DumpCompletion(expecting: completion))
    }

    package func consume(_ bytes: UnsafeRawBufferPointer) {
        if !bytes.isEmpty { isEmpty = false }
        var position = 0
        while position < bytes.count {
            if copy != nil {
                guard let next = copy?.scan(bytes, from: position) else { return }
                position = next
                endTable()
            } else {
                position = statements.scan(bytes, from: position)
                if let name = statements.takeCopyName() {
                    copyName = name
                    copy = CopyDataScanner()
                }
            }
        }
    }

    package func finish() throws(BackupError) -> Inspection {
        if isEmpty { throw incomplete("it is empty") }
        guard copy == nil else { throw incomplete("it ends within the rows of a table") }
        if let reason = statements.reasonNotAtEnd ?? statements.completion.reasonIncomplete { throw incomplete(reason) }
        return Inspection(tables: tables)
    }

    private func endTable() {
        guard let ended = copy?.finish() else { return }
        copy = nil
        guard !hasTooManyTables else { return }
        tables.append(TableFingerprint(name: copyName, rows: ended.rows, sha256: ended.sha256))
        if tables.count > Self.mostTables { (tables, hasTooManyTables) = ([], true) }
    }

    private func incomplete(_ reason: String) -> BackupError {
        BackupError(.integrity, "the dump is not complete: \(reason)")
    }
}
