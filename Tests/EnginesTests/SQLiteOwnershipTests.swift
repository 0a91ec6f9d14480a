import Domain
import Foundation
import Glibc
import TestSupport
import Testing
import Threads

@testable import Engines

/// A database that belongs to another user than the agent's: nothing of it may become the agent's (the tests run as root, so
/// who reads is said).
@Suite("A SQLite database of another user", .timeLimit(.minutes(2)))
struct SQLiteOwnershipTests {
    private static let agent: uid_t = 12_345

    private func database(_ folder: Folder) async throws -> String {
        let path = folder.path + "/app ü.db"
        let made = try await ProgramOutput.of(
            "sqlite3", [path, "PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)"])
        #expect(made.status == 0 && !FileManager.default.fileExists(atPath: path + "-wal"), "\(made.error)")
        return path
    }

    private func copy(_ path: String, _ folder: Folder, name: String) throws {
        try SQLiteSource(path: path, user: Self.agent).copy(to: folder.path + "/" + name, stop: StopSignal())
    }

    @Test("is copied while its program rests, and no file is left beside it")
    func atRest() async throws {
        let folder = try Folder()
        let path = try await database(folder)
        #expect(try SQLiteSource(path: path, user: Self.agent).libraryVersion().hasPrefix("3."))
        try copy(path, folder, name: "copy.db")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["app ü.db", "copy.db"])
        let rows = try await ProgramOutput.of("sqlite3", [folder.path + "/copy.db", "SELECT sum(x) FROM t"])
        #expect(rows.text == "3\n")
    }

    @Test("is copied through its program's own files while that is at work")
    func inUse() async throws {
        let folder = try Folder()
        let path = try await database(folder)
        let program = try ServerProcess(
            program: "python3",
            [
                "-c",
                """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1]); db.execute("INSERT INTO t VALUES (39)"); db.commit()
                print("port 1", flush=True); sys.stdin.read()
                """, path,
            ])
        defer { program.stop() }
        try copy(path, folder, name: "copy.db")
        let rows = try await ProgramOutput.of("sqlite3", [folder.path + "/copy.db", "SELECT sum(x) FROM t"])
        #expect(rows.text == "42\n")
    }

    @Test("that comes into use while it is copied is not backed up")
    func cameIntoUse() async throws {
        let folder = try Folder()
        let path = try await database(folder)
        let source = try SQLiteSource(path: path, user: Self.agent)
        let written = try await ProgramOutput.of("sqlite3", [path, "INSERT INTO t VALUES (3)"])
        #expect(written.status == 0, "\(written.error)")
        let error = #expect(throws: BackupError.self) {
            try source.copy(to: folder.path + "/copy.db", stop: StopSignal())
        }
        #expect(error?.code == .sourceUnavailable)
    }

    @Test("with changes in a log that nobody holds is refused, with the remedy")
    func leftLog() async throws {
        let folder = try Folder()
        let path = try await database(folder)
        try Data("left".utf8).write(to: URL(filePath: path + "-wal"))
        let error = #expect(throws: BackupError.self) { try SQLiteSource(path: path, user: Self.agent) }
        #expect(error?.code == .sourceRefused)
        #expect(error?.message.contains("open it once with that program") == true)
        #expect(!FileManager.default.fileExists(atPath: path + "-shm"))
    }

    /// Two million rows: a check of them takes far longer than a stop.
    @Test("is checked no longer once that is to stop")
    func stopped() async throws {
        let folder = try Folder()
        let path = folder.path + "/large.db"
        let made = try await ProgramOutput.of(
            "sqlite3",
            [
                path,
                """
                CREATE TABLE t (x); CREATE INDEX i ON t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
                WHERE i < 2000000) INSERT INTO t SELECT random() FROM n;
                """,
            ])
        #expect(made.status == 0, "\(made.error)")
        let stop = StopSignal()
        stop.stop()
        let error = #expect(throws: BackupError.self) { try SQLiteCheck.run(.full, on: path, stop: stop) }
        #expect(error?.code == .cancelled)
    }

    @Test("is replaced only by that user or by root")
    func replacing() async throws {
        let folder = try Folder()
        let path = try await database(folder)
        let existing = try #require(FileIdentity(at: path))
        try SQLiteRestore.refuseForeign(existing, path, user: 0)
        try SQLiteRestore.refuseForeign(existing, path, user: existing.owner)
        let error = #expect(throws: BackupError.self) {
            try SQLiteRestore.refuseForeign(existing, path, user: Self.agent)
        }
        #expect(error?.message.contains("as root") == true)
    }
}
