import Archive
import Domain
import Engines
import Foundation
import GRDB
import Glibc
import TestSupport
import Testing
import Threads

@Suite("A SQLite database", .timeLimit(.minutes(6)))
struct SQLiteTests {
    private func engine(_ folder: Folder, _ path: String) throws -> SQLiteEngine {
        try SQLiteEngine(name: DatabaseName("db"), path: path, spool: folder.url.appending(path: "spool"))
    }

    private func backup(_ engine: SQLiteEngine) async throws -> Written { try await write(engine.streams()[0]) }

    /// A database of about 6 MB, so that a copy takes several steps.
    private func database(_ path: String, journal: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { database in
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(journal)")
            try database.execute(
                sql: """
                    CREATE TABLE filler (id INTEGER PRIMARY KEY, t TEXT);
                    CREATE TABLE ledger (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);
                    CREATE INDEX by_amount ON ledger (amount);
                    INSERT INTO filler (t) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)
                      SELECT hex(randomblob(150)) FROM n;
                    """)
        }
        try queue.close()
    }

    private func integrity(_ path: String) throws -> [String] {
        try DatabaseQueue(path: path).inDatabase { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    }

    @Test(
        "is copied ten times while another process writes 200 and more transactions a second, each copy whole and complete",
        arguments: ["wal", "delete"])
    func underWriters(journal: String) async throws {
        let folder = try Folder()
        let path = folder.path + "/live.db"
        try database(path, journal: journal)
        let writer = try ServerProcess(script: "sqlite_writer.py", [path])
        defer { writer.stop() }
        func transactions() throws -> Int {
            try DatabaseQueue(path: path, configuration: readOnly).inDatabase {
                try Int.fetchOne($0, sql: "SELECT count(*) / 2 FROM ledger") ?? 0
            }
        }
        let engine = try engine(folder, path)
        let clock = ContinuousClock()
        let (begin, first) = (clock.now, try transactions())
        // Ten, and more until the writer's mean tells: it makes up for what a machine that stalled for a second kept from it.
        var (round, rate) = (0, 0.0)
        while round < 10 || clock.now - begin < .seconds(5) || (rate < 200 && clock.now - begin < .seconds(90)) {
            round += 1
            let committed = try transactions()
            let copy = try await backup(engine)
            _ = try copy.inspection()
            let outcome = try await engine.restore(
                request(copy, .sqlite, target: "\(folder.path)/copy-\(round).db"))
            #expect(outcome.checked == "integrity_check ok, 2 tables")
            #expect(try integrity(outcome.target) == ["ok"])
            let (sum, rows) = try DatabaseQueue(path: outcome.target).inDatabase {
                (
                    try Int.fetchOne($0, sql: "SELECT sum(amount) FROM ledger"),
                    try Int.fetchOne($0, sql: "SELECT count(*) FROM ledger") ?? 0
                )
            }
            #expect(sum == 0)
            #expect(rows >= committed * 2)
            rate = Double(try transactions() - first) / ((clock.now - begin) / .seconds(1))
        }
        let last = try transactions()
        #expect(rate >= 200, "\(last - first) transactions in \(clock.now - begin)")
        // Whoever wrote all the time still does.
        try await eventually("another transaction", within: .seconds(10)) { try transactions() > last ? true : nil }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/spool") == [])
    }

    private var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(20)
        return configuration
    }

    @Test("gets its own mode and a name beside; a second restore of the same second is refused")
    func beside() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        chmod(path, 0o640)
        symlink(path, folder.path + "/link.db")
        let engine = try engine(folder, folder.path + "/link.db")
        #expect(try await engine.examine().tool.hasPrefix("sqlite 3."))
        let copy = try await backup(engine)
        let outcome = try await engine.restore(request(copy, .sqlite))
        #expect(outcome.target == folder.path + "/link.db_restored_20260115_020000")
        let mode = try FileManager.default.attributesOfItem(atPath: outcome.target)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        #expect(await failure { _ = try await engine.restore(request(copy, .sqlite)) }?.code == .exists)
    }

    @Test("is replaced only when nobody has it open, and kept beside with its journal files")
    func replaced() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "wal")
        let engine = try engine(folder, path)
        let copy = try await backup(engine)
        let holder = try ServerProcess(
            program: "python3",
            [
                "-c",
                """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1]); db.execute("INSERT INTO ledger (amount) VALUES (7)"); db.commit()
                print("port 1", flush=True); sys.stdin.read()
                """, path,
            ])
        let busy = try #require(
            await failure { _ = try await engine.restore(request(copy, .sqlite, target: path, replace: true)) })
        #expect(busy.code == .busy)
        #expect(busy.message.contains("python3 (pid \(holder.pid))"))
        holder.crash()
        #expect(FileManager.default.fileExists(atPath: path + "-wal"))
        let outcome = try await engine.restore(request(copy, .sqlite, target: path, replace: true))
        let kept = folder.path + "/app.db_before_20260115_020000"
        #expect(outcome == RestoreOutcome(target: path, keptBeside: kept, checked: "integrity_check ok, 2 tables"))
        func rows(_ path: String) throws -> Int? {
            try DatabaseQueue(path: path).inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM ledger") }
        }
        #expect(try rows(path) == 0)
        #expect(try rows(kept) == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.contains("partial") })
    }

    @Test("is restored without the log that was left beside an absent file; that log is kept aside")
    func staleLog() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "wal")
        let engine = try engine(folder, path)
        let copy = try await backup(engine)
        try crash(path, "INSERT INTO ledger (amount) VALUES (666)")
        unlink(path)
        unlink(path + "-shm")
        let log = try Data(contentsOf: URL(filePath: path + "-wal"))
        #expect(!log.isEmpty)
        let outcome = try await engine.restore(request(copy, .sqlite, target: path))
        #expect(outcome.keptBeside == path + "_before_20260115_020000-wal")
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(try Data(contentsOf: URL(filePath: path + "_before_20260115_020000-wal")) == log)
        let amounts = try DatabaseQueue(path: path).inDatabase {
            try Int.fetchAll($0, sql: "SELECT amount FROM ledger")
        }
        #expect(amounts == [])
    }

    @Test("that comes into being while a backup is written to its path is not moved away")
    func appearedMeanwhile() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        let engine = try engine(folder, path)
        let new = folder.path + "/new.db"
        var asked = request(try await backup(engine), .sqlite, target: new)
        let whole = asked.dump
        asked.dump = { (sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) in
            try whole(sink)
            _ = FileManager.default.createFile(atPath: new, contents: Data("mine".utf8))
        }
        let error = await failure { [asked] in _ = try await engine.restore(asked) }
        #expect(error?.code == .exists)
        #expect(try Data(contentsOf: URL(filePath: new)) == Data("mine".utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["app.db", "new.db", "spool"])
    }

    @Test("stays in its place when one of its side files cannot be set aside")
    func sideFileInTheWay() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "wal")
        let engine = try engine(folder, path)
        let copy = try await backup(engine)
        try crash(path, "INSERT INTO ledger (amount) VALUES (7)")
        let log = try Data(contentsOf: URL(filePath: path + "-wal"))
        try Data("mine".utf8).write(to: URL(filePath: path + "_before_20260115_020000-wal"))
        let error = await failure {
            _ = try await engine.restore(request(copy, .sqlite, target: path, replace: true))
        }
        #expect(error?.code == .exists)
        #expect(try Data(contentsOf: URL(filePath: path + "-wal")) == log)
        let amounts = try DatabaseQueue(path: path).inDatabase {
            try Int.fetchAll($0, sql: "SELECT amount FROM ledger")
        }
        #expect(amounts == [7])
        #expect(!FileManager.default.fileExists(atPath: path + "_before_20260115_020000"))
    }

    @Test("whose bytes are cut, damaged or prove bad at the end leaves the target as it was")
    func badBytes() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        let engine = try engine(folder, path)
        let copy = try await backup(engine)
        var cut = copy
        cut.bytes.removeLast(copy.bytes.count / 2)
        var damaged = copy
        for position in stride(from: 8192, to: damaged.bytes.count, by: 4096) { damaged.bytes[position] ^= 0xff }
        let before = try Data(contentsOf: URL(filePath: path))
        for bad in [cut, damaged] {
            let error = await failure {
                _ = try await engine.restore(request(bad, .sqlite, target: path, replace: true))
            }
            #expect(error?.code == .integrity)
        }
        let digest = BackupError(.integrity, "the digest differs")
        let error = await failure {
            _ = try await engine.restore(request(copy, .sqlite, target: path, replace: true, failing: digest))
        }
        #expect(error?.message == "the digest differs")
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["app.db", "spool"])
    }

    @Test("that is missing, empty, no database or damaged is said to be so")
    func badSource() async throws {
        let folder = try Folder()
        let missing = try #require(await failure { _ = try await engine(folder, "/nonexistent/x.db").examine() })
        #expect(missing.code == .sourceRefused)
        let noise = folder.path + "/noise.db"
        try Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: URL(filePath: noise))
        let encrypted = try #require(await failure { _ = try await engine(folder, noise).examine() })
        #expect(encrypted.code == .sourceRefused)
        #expect(encrypted.message.contains("is not a SQLite database, or is encrypted"))
        let damaged = folder.path + "/damaged.db"
        try database(damaged, journal: "delete")
        let file = try #require(FileHandle(forUpdatingAtPath: damaged))
        try file.seek(toOffset: 4096 * 50)
        try file.write(contentsOf: Data(repeating: 0x5a, count: 4096 * 3))
        try file.close()
        let result = try await backup(engine(folder, damaged))
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .integrity)
        #expect("\(error)".contains("is not whole, so the database itself is damaged"))
        #expect(result.bytes.isEmpty)
    }

    @Test("tells its tables and how many rows each has, and is whole when it has no bytes at all")
    func contents() async throws {
        let folder = try Folder()
        let path = folder.path + "/rows.db"
        try database(path, journal: "wal")
        try DatabaseQueue(path: path).inDatabase {
            try $0.execute(
                sql: """
                    CREATE TABLE "a ""b" (x); INSERT INTO "a ""b" VALUES (1), (2);
                    CREATE VIRTUAL TABLE words USING fts5(t); INSERT INTO words VALUES ('one');
                    CREATE VIEW v AS SELECT 1;
                    """)
        }
        let written = try await backup(engine(folder, path))
        let rows = Dictionary(uniqueKeysWithValues: try written.inspection().tables.map { ($0.name, $0.rows) })
        #expect(rows["filler"] == 20_000 && rows["ledger"] == 0 && rows["a \"b"] == 2)
        #expect(rows["words"] == nil && rows["v"] == nil && rows["words_content"] == 1)

        let empty = folder.path + "/empty.db"
        try Data().write(to: URL(filePath: empty))
        let nothing = try await backup(engine(folder, empty))
        #expect(nothing.failure == nil && !nothing.bytes.isEmpty)
        #expect(try nothing.inspection().knowsTables && nothing.inspection().tables.isEmpty)
        let restored = try await engine(folder, empty).restore(
            request(nothing, .sqlite, target: folder.path + "/back.db"))
        #expect(try integrity(restored.target) == ["ok"])
    }

    /// Leaves the files of a program that was killed between its commits.
    private func crash(_ path: String, _ statements: String) throws {
        let victim = try ServerProcess(
            program: "python3",
            [
                "-c",
                """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute("PRAGMA cache_size = 5")
                for statement in sys.argv[2].split(";"): db.execute(statement)
                print("port 1", flush=True); sys.stdin.read()
                """, path, statements,
            ])
        victim.crash()
    }

    @Test("of a program that crashed in WAL mode has every commit, also without its -shm")
    func crashedLog() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "wal")
        try crash(path, "INSERT INTO ledger (amount) VALUES (1);BEGIN;INSERT INTO ledger (amount) VALUES (2)")
        unlink(path + "-shm")
        #expect(FileManager.default.fileExists(atPath: path + "-wal"))
        let engine = try engine(folder, path)
        let outcome = try await engine.restore(request(try await backup(engine), .sqlite))
        let amounts = try DatabaseQueue(path: outcome.target).inDatabase {
            try Int.fetchAll($0, sql: "SELECT amount FROM ledger")
        }
        #expect(amounts == [1])
    }

    @Test("with the unfinished change of a program that crashed is refused and left as it is")
    func hotJournal() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        try crash(path, "BEGIN;UPDATE filler SET t = 'half'")
        let journal = try Data(contentsOf: URL(filePath: path + "-journal"))
        #expect(journal.count > 1000)
        let result = try await backup(engine(folder, path))
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .sourceRefused)
        #expect(error.message.contains("unfinished change of a program that crashed"))
        #expect(result.bytes.isEmpty)
        #expect(try Data(contentsOf: URL(filePath: path + "-journal")) == journal)
    }

    /// `quick_check` does not see an index that lacks a row; the rows are all there.
    @Test("with an index that lacks a row is restored, and that is told")
    func staleIndex() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        let sessions = [
            "CREATE TABLE t (x); CREATE INDEX i ON t (x); INSERT INTO t VALUES (1), (2)",
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'i'", "INSERT INTO t VALUES (3)",
            """
            PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('index', 'i', 't', 3, 'CREATE INDEX i ON t (x)')
            """,
        ]
        for sql in sessions {
            let ended = try await ProgramOutput.of("sqlite3", [path, sql])
            #expect(ended.status == 0, "\(ended.error)")
        }
        let engine = try engine(folder, path)
        let outcome = try await engine.restore(request(try await backup(engine), .sqlite))
        #expect(outcome.checked.hasPrefix("quick_check ok, 1 table; BUT integrity_check FOUND"), "\(outcome.checked)")
        let rows = try await ProgramOutput.of("sqlite3", [outcome.target, "SELECT count(*) FROM t NOT INDEXED"])
        #expect(rows.text == "3\n")
    }

    @Test("that is replaced by another file while it is copied is not backed up")
    func replacedSource() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        try database(folder.path + "/other.db", journal: "delete")
        // Someone's exclusive lock holds the copy up until the file has another one in its place.
        let holder = try ServerProcess(
            program: "python3",
            [
                "-c",
                """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute("BEGIN EXCLUSIVE")
                print("port 1", flush=True); sys.stdin.read()
                """, path,
            ])
        let stream = try await engine(folder, path).streams()[0]
        async let copying = write(stream)
        while !isOpenHere(path) { await Task.yield() }
        rename(folder.path + "/other.db", path)
        holder.stop()
        let result = try await copying
        let error = try #require(result.failure as? BackupError)
        #expect(error.code == .sourceUnavailable)
        #expect(error.message.contains("was replaced by another file"))
        #expect(result.bytes.isEmpty)
    }

    private func isOpenHere(_ path: String) -> Bool {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return numbers.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
        }
    }

    @Test("leaves no leftovers: what a killed agent left in the spool is removed, other files stay")
    func leftovers() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            atPath: folder.path + "/copy-abc123", withIntermediateDirectories: false)
        try Data("x".utf8).write(to: folder.url.appending(path: "copy-abc123/copy.db"))
        try Data("x".utf8).write(to: folder.url.appending(path: "reports"))
        SpoolFolder.removeLeftovers(in: folder.url)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["reports"])
    }

    @Test("is not copied into a spool that others can write to")
    func openSpool() async throws {
        let folder = try Folder()
        let path = folder.path + "/app.db"
        try database(path, journal: "delete")
        mkdir(folder.path + "/spool", 0o700)
        chmod(folder.path + "/spool", 0o777)
        let result = try await backup(engine(folder, path))
        #expect((result.failure as? BackupError)?.code == .configuration)
    }
}
