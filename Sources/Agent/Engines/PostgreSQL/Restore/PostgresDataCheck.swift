import Archive
import Domain
import Threads

/// Reads what was restored as the dump was read, and compares the digest of every table's rows with the recorded one.
///
/// A difference is no reason to keep the data back: another major version may write the same value in other words. It is told.
struct PostgresDataCheck {
    /// Of the role that loaded it, whose all of it is.
    let session: PostgresSession
    let facts: PostgresFacts
    let database: String
    let tables: [TableFingerprint]

    /// In words for the operator; nil when there is nothing to compare with. Throws `.cancelled` only.
    func run() async throws(BackupError) -> String? {
        let known = tables.filter { !$0.sha256.isEmpty }
        guard !known.isEmpty else { return nil }
        let found: [TableFingerprint]
        do throws(BackupError) {
            found = try await read()
        } catch {
            if session.stop.isStopped { throw BackupError(.cancelled, "comparing the restored data was stopped") }
            return "the digests of the rows could NOT be compared: \(error.message)"
        }
        let digests = Dictionary(found.map { ($0.name, $0.sha256) }) { first, _ in first }
        let other = known.filter { digests[$0.name] != $0.sha256 }
        guard let first = other.first else { return "the rows' digests match" }
        return
            "BUT THE ROWS OF \(CountText.of(other.count, "table")) READ DIFFERENTLY than when they were dumped, for one \(first.name)"
    }

    private func read() async throws(BackupError) -> [TableFingerprint] {
        let dumper = try await session.tools.tool("pg_dump", forServer: facts.major, stop: session.stop)
        let child = session.child(
            dumper.path,
            ["--data-only", "--format=plain", "--no-password", "--encoding=\(facts.encoding)"], database: database)
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
