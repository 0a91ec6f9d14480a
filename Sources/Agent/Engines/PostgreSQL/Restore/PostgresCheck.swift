import Archive
import Domain
import Threads

/// Dumps what was restored once more, as the backup was dumped, and compares the rows of every table with what was recorded.
///
/// By pg_dump and not by counting: so what an extension fills, what pg_dump loads through the root of a partitioned table, and
/// names in whatever encoding are on both sides what pg_dump makes of them.
struct PostgresCheck {
    /// Of the role that loaded it, whose all of it is: a view could stand where a table was, and reading it runs what is in it.
    let session: PostgresSession
    let facts: PostgresFacts
    let database: String
    /// What the dump's texts are in; nil when it did not say.
    let encoding: String?
    let tables: [TableFingerprint]?

    /// What was found, in words for the operator. Throws only when the restore was stopped.
    struct Finding {
        var words: String
        /// Where there are not as many rows as there were.
        var differences: [String] = []
        /// False when it could not be looked.
        var isProven = true
    }

    func run() async throws(BackupError) -> Finding {
        guard let tables else { return Finding(words: "loaded; no fingerprint to compare with") }
        let found: [TableFingerprint]
        do throws(BackupError) { found = try await read() } catch {
            if error.code == .cancelled { throw error }
            return Finding(
                words: "loaded, but the data could NOT be compared with the backup: \(error.message)", isProven: false)
        }
        return Self.finding(TableComparison(tables, found))
    }

    private static func finding(_ comparison: TableComparison) -> Finding {
        guard comparison.differences.isEmpty else {
            return Finding(words: "the data differs from the backup", differences: comparison.differences)
        }
        var words = "\(CountText.of(comparison.tables, "table")), \(CountText.of(comparison.rows, "row")) match"
        if let first = comparison.otherwise.first {
            // No reason to keep the data back: another major version may write the same value in other words.
            words +=
                "; BUT THE ROWS OF \(CountText.of(comparison.otherwise.count, "table")) READ DIFFERENTLY than when they were "
                + "dumped, for one \(first)"
        } else if comparison.comparesDigests {
            words += "; the rows' digests match"
        }
        guard comparison.onlyCounted > 0 else { return Finding(words: words) }
        return Finding(
            words: words
                + "; of \(CountText.of(comparison.onlyCounted, "table")), whose rows lie in other partitions now, they were only counted"
        )
    }

    private func read() async throws(BackupError) -> [TableFingerprint] {
        let dumper = try await session.tools.tool("pg_dump", forServer: facts.major, stop: session.stop)
        let child = session.child(
            dumper.path,
            ["--data-only", "--format=plain", "--no-password"] + (encoding.map { ["--encoding=\($0)"] } ?? []),
            database: database)
        let pipe = try Descriptor.pipe()
        let childEnded = StopSignal()
        async let inspected: Result<Inspection, BackupError> = onThread {
            PlainDumpInspector.result(of: pipe.reader, until: { childEnded.isStopped })
        }
        let ended: Result<ChildProcess.Ending, BackupError>
        do throws(BackupError) {
            ended = .success(try await child.run(output: pipe.writer, stop: session.stop))
        } catch {
            ended = .failure(error)
        }
        childEnded.stop()
        let result = await inspected
        let ending = try ended.get()
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "reading what was restored", ending) }
        return try result.get().tables
    }
}

extension PlainDumpInspector {
    /// Reads all of it, and closes the reading end. Blocks.
    static func result(of sql: Descriptor, until ended: @escaping StopSignalView) -> Result<Inspection, BackupError> {
        let inspector = PlainDumpInspector()
        do throws(BackupError) {
            try sql.readToEnd(abandoned: ended) { (piece) throws(BackupError) in inspector.consume(piece) }
            return .success(try inspector.finish())
        } catch {
            sql.close()
            return .failure(error)
        }
    }
}
