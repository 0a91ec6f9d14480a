import Archive
import Domain
import Engines
import Foundation
import GRDB
import TestSupport
import Testing
import Threads

/// The lines that restore a backup with stock tools, run by bash on stored objects that are whole, that are cut, and that were cut
/// behind the back of the checksum.
@Suite("The stock line", .timeLimit(.minutes(10)))
struct StockLineTests {
    @Test(
        "loads a whole dump, and of one cut at ten places nothing",
        arguments: [
            (ObjectFormat.plain, Compression.gzip), (.plain, .zstd), (.plain, .none), (.custom, .gzip),
            (.custom, .zstd),
        ])
    func dump(format: ObjectFormat, codec: Compression) async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE lines")
        try await cluster.sql(
            """
            CREATE TABLE a (id int PRIMARY KEY, t text); CREATE TABLE z (id int REFERENCES a, t text);
            INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 100000) i;
            INSERT INTO z SELECT i, $$BEGIN;$$ FROM generate_series(1, 50000) i;
            CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT 'COMMIT;'$$; CREATE INDEX ON z (t);
            """, database: "lines")
        let engine = try cluster.engine("lines", format: format)
        let stored = try await StoredObject(#require(engine.streams().last), codec)
        func begin() async throws {
            try await cluster.sql("DROP DATABASE IF EXISTS lines")
            try await cluster.sql("CREATE DATABASE lines")
        }
        func objects() async throws -> String {
            try await cluster.sql(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace", database: "lines")
        }
        try await begin()
        let nothing = try await objects()
        for cut in stored.cuts {
            for isUnnoticed in codec == .none ? [false] : [false, true] {
                let output = try await stored.run(cutAt: cut, unnoticed: isUnnoticed, cluster)
                // Of nothing at all zstd makes nothing, and is content.
                if codec == .zstd, isUnnoticed, cut == 0 { continue }
                #expect(output.status != 0, "\(cut) of \(stored.bytes.count), \(isUnnoticed): \(output.error)")
                #expect(try await objects() == nothing, "\(cut) of \(stored.bytes.count), \(isUnnoticed)")
            }
        }
        let whole = try await stored.run(cluster)
        #expect(whole.status == 0, "\(whole.error)")
        let rows = "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM z), f()"
        #expect(try await cluster.sql(rows, database: "lines") == "100000|50000|COMMIT;\n")
        let again = try await stored.run(cluster)
        #expect(again.status == 3 || format == .custom && again.status == 1, "it stops at the first error")
        #expect(try await cluster.sql(rows, database: "lines") == "100000|50000|COMMIT;\n")
    }

    /// `pg_dump` puts a COMMIT behind them, so only the checksum stands before what is cut later on.
    @Test("loads large objects, and of a dump of them that is cut nothing")
    func largeObjects() async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        try await cluster.sql("CREATE DATABASE lines")
        try await cluster.sql(
            "CREATE TABLE a AS SELECT i, lo_from_bytea(0, '\\x616263') FROM generate_series(1, 100) i",
            database: "lines"
        )
        let stored = try await StoredObject(#require(cluster.engine("lines").streams().last), .gzip)
        try await cluster.sql("DROP DATABASE lines")
        try await cluster.sql("CREATE DATABASE lines")
        let rows = "SELECT count(*) FROM pg_largeobject; SELECT count(*) FROM pg_class WHERE relname = 'a'"
        for cut in stored.cuts {
            #expect(try await stored.run(cutAt: cut, cluster).status != 0)
            #expect(try await cluster.sql(rows, database: "lines") == "0\n0\n")
        }
        #expect(try await stored.run(cluster).status == 0)
        #expect(try await cluster.sql(rows, database: "lines") == "100\n1\n")
    }

    @Test(
        "makes roles and tablespaces beside those that are there, and of a cut object none",
        arguments: Compression.allCases)
    func globals(codec: Compression) async throws {
        let cluster = try PostgresCluster()
        defer { cluster.stop() }
        let place = try Folder()
        let made = try await ProgramOutput.of("chown", ["postgres", place.path])
        #expect(made.status == 0)
        try await cluster.sql("CREATE ROLE first; CREATE ROLE last LOGIN; GRANT first TO last")
        try await cluster.sql("CREATE TABLESPACE elsewhere OWNER first LOCATION '\(place.path)'")
        let stored = try await StoredObject(#require(cluster.engine("postgres").streams().first), codec)
        try await cluster.sql("DROP TABLESPACE elsewhere")
        try await cluster.sql("DROP ROLE first; DROP ROLE last")
        let names =
            "SELECT count(*) FROM pg_roles WHERE rolname IN ('first', 'last'); SELECT count(*) FROM pg_tablespace"
        for cut in stored.cuts {
            for isUnnoticed in codec == .none ? [false] : [false, true] {
                if codec == .zstd, isUnnoticed, cut == 0 { continue }
                #expect(try await stored.run(cutAt: cut, unnoticed: isUnnoticed, cluster).status != 0)
                #expect(try await cluster.sql(names) == "0\n2\n")
            }
        }
        let whole = try await stored.run(cluster)
        #expect(whole.status == 0 && whole.error.contains("\"postgres\" already exists"), "\(whole.error)")
        #expect(try await cluster.sql(names) == "2\n3\n")
    }

    @Test("makes a SQLite file, and of a cut one nothing under its name", arguments: Compression.allCases)
    func file(codec: Compression) async throws {
        let folder = try Folder()
        let path = folder.path + "/it's.db"
        try DatabaseQueue(path: path).inDatabase {
            try $0.execute(sql: "CREATE TABLE t (x); INSERT INTO t SELECT hex(randomblob(50000))")
        }
        let engine = try SQLiteEngine(
            name: DatabaseName("db"), path: path, spool: folder.url.appending(path: "spool"))
        try await makesOnly("it's.db.restored", StoredObject(engine.streams()[0], codec))
    }

    @Test("unpacks an archive, and of a cut one nothing under its name", arguments: Compression.allCases)
    func folder(codec: Compression) async throws {
        let folder = try Folder()
        for number in 1...20 {
            try Data((0..<9000).map { UInt8(truncatingIfNeeded: $0 &* number) })
                .write(to: folder.url.appending(path: "file \(number)"))
        }
        let engine = try ApplicationEngine(
            name: DatabaseName("app"), paths: [folder.path], restoreBase: folder.url.appending(path: "restores"))
        try await makesOnly("app.restored", StoredObject(engine.streams()[0], codec))
    }

    /// A second time it takes nothing's place.
    private func makesOnly(_ name: String, _ stored: StoredObject) async throws {
        let final = stored.folder.path + "/" + name
        for cut in stored.cuts {
            for isUnnoticed in stored.object.codec == .none ? [false] : [false, true] {
                if stored.object.codec == .zstd, isUnnoticed, cut == 0 { continue }
                #expect(try await stored.run(cutAt: cut, unnoticed: isUnnoticed).status != 0)
                #expect(!FileManager.default.fileExists(atPath: final))
                try? FileManager.default.removeItem(atPath: final + ".partial")  // of what was cut unnoticed
            }
        }
        let whole = try await stored.run()
        #expect(whole.status == 0, "\(whole.error)")
        #expect(FileManager.default.fileExists(atPath: final))
        #expect(!FileManager.default.fileExists(atPath: final + ".partial"))
        #expect(try await stored.run().status != 0)
    }
}

/// An object as the chain stores it, in a folder of its own, with the line of its restore.
private struct StoredObject {
    let folder: Folder
    let object: Manifest.Object
    let bytes: Data
    private let restore: StockRestore

    init(_ stream: EngineStream, _ codec: Compression) async throws {
        folder = try Folder()
        restore = stream.stockRestore
        let name = try BackupKeys(
            agentName: "h", database: DatabaseName("lines"), kind: .postgres, tier: .daily,
            nominalAt: Date(timeIntervalSince1970: 1_768_442_400)
        ).objectName(stream.role, stream.format, codec)
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ServerFailure("pipe: errno \(errno)") }
        let (reader, writer, sink) = (ends[0], ends[1], try FileSink(folder.path + "/" + name))
        async let chained = onThread { () throws(BackupError) in
            try Chain(codec: .init(codec), inspector: stream.makeInspector())
                .run(from: reader, to: [sink], stop: StopSignal())
        }
        try await stream.write(writer, StopSignal())
        let result = try await chained
        bytes = try Data(contentsOf: folder.url.appending(path: name))
        object = .init(
            role: stream.role, name: name, format: stream.format, codec: codec, plainBytes: result.plainBytes,
            plainSha256: result.plainSHA256, storedBytes: result.storedBytes, storedSha256: result.storedSHA256)
    }

    /// Ten places: the first bytes, the last ones, and between.
    var cuts: [Int] {
        [0, 1, 20, bytes.count / 4, bytes.count / 3, bytes.count / 2, bytes.count * 3 / 4, bytes.count - 100]
            + [bytes.count - 9, bytes.count - 1]
    }

    /// Runs the line on the first `length` bytes. `unnoticed`: as if their checksum were the one that is known.
    func run(
        cutAt length: Int? = nil, unnoticed: Bool = false, _ cluster: PostgresCluster? = nil
    ) async throws -> ProgramOutput {
        let file = folder.url.appending(path: object.name)
        try bytes.prefix(length ?? bytes.count).write(to: file)
        var known = object
        if unnoticed {
            known.storedSha256 = String(try await ProgramOutput.of("sha256sum", [file.path]).text.prefix(64))
        }
        var environment: [String: String] = [:]
        if let cluster {
            environment = ["PGHOST": cluster.folder, "PGPORT": "\(cluster.port)", "PGUSER": "postgres"]
            environment["PATH"] = "\(cluster.binDirectory):/usr/bin:/bin"
        }
        return try await ProgramOutput.of(
            "bash", ["-c", restore.line(for: known)], environment: environment, folder: folder.url)
    }
}

private final class FileSink: ChainSink, @unchecked Sendable {
    private let file: FileHandle

    init(_ path: String) throws {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        guard let file = FileHandle(forWritingAtPath: path) else { throw ServerFailure("cannot write \(path)") }
        self.file = file
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        do { try file.write(contentsOf: bytes) } catch { throw BackupError(.bug, "writing", cause: error) }
    }
}
