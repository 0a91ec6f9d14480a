import Archive
import Domain
import Engines
import Foundation
import Glibc
import Synchronization
import TestSupport
import Threads

/// What one stream wrote, as the chain would see it.
struct Written: Sendable {
    var bytes: [UInt8]
    /// What the inspector said at the end.
    var inspected: Result<Inspection, BackupError>
    /// What the writing itself ended with.
    var failure: (any Error)?

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Only if all was well.
    func inspection() throws -> Inspection {
        if let failure { throw failure }
        return try inspected.get()
    }
}

/// Runs a stream to its end: the engine writes into a pipe, a thread reads it through the inspector.
/// `each` is called with the number of bytes so far.
func write(
    _ stream: EngineStream, stop: StopSignal = StopSignal(), each: (@Sendable (Int) -> Void)? = nil
) async throws -> Written {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw ServerFailure("pipe: errno \(errno)") }
    let (reader, writer) = (ends[0], ends[1])
    async let read: ([UInt8], Result<Inspection, BackupError>) = onThread {
        defer { close(reader) }
        var bytes: [UInt8] = []
        let inspector: any Inspector
        do throws(BackupError) { inspector = try stream.makeInspector() } catch { return ([], .failure(error)) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(reader, &buffer, buffer.count)
            if count <= 0 { break }
            buffer.withUnsafeBytes { inspector.consume(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            bytes.append(contentsOf: buffer[..<count])
            each?(bytes.count)
        }
        do throws(BackupError) { return (bytes, .success(try inspector.finish())) } catch {
            return (bytes, .failure(error))
        }
    }
    var failure: (any Error)?
    do { try await stream.write(writer, stop) } catch { failure = error }
    let (bytes, inspected) = await read
    return Written(bytes: bytes, inspected: inspected, failure: failure)
}

/// The bytes as a restore's source, in pieces; `failing` throws after the last one, as a wrong digest does.
func source(_ bytes: [UInt8], failing error: BackupError? = nil) -> DecodedSource {
    { (sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) in
        var start = 0
        while start < bytes.count {
            let end = min(start + 100_000, bytes.count)
            var failure: BackupError?
            bytes[start..<end].withUnsafeBytes { piece in
                do throws(BackupError) { try sink(piece) } catch { failure = error }
            }
            if let failure { throw failure }
            start = end
        }
        if let error { throw error }
    }
}

func request(
    _ written: Written, _ format: ObjectFormat, target: String? = nil, replace: Bool = false, globals: Written? = nil,
    properties: DatabaseProperties? = nil, failing: BackupError? = nil, origin: RestoreOrigin = .own,
    at seconds: Double = 1_768_442_400, stop: StopSignal = StopSignal()
) -> RestoreRequest {
    let tables = (try? written.inspected.get().tables) ?? []
    return RestoreRequest(
        format: format, dump: source(written.bytes, failing: failing), globals: globals.map { source($0.bytes) },
        properties: properties, target: target, replace: replace,
        fingerprint: tables.isEmpty ? nil : Manifest.Fingerprint(tables: tables),
        origin: origin, now: Date(timeIntervalSince1970: seconds), stop: stop)
}

/// A folder that goes with the test.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/holdfast-engines-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ServerFailure("mkdtemp: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var url: URL { URL(filePath: path) }

    func script(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        chmod("\(path)/\(name)", 0o755)
    }
}

/// One server for all tests of this target.
enum SharedCluster {
    private static let started = Mutex<PostgresCluster?>(nil)

    static func get() throws -> PostgresCluster {
        try started.withLock { cluster in
            if let cluster { return cluster }
            let new = try PostgresCluster()
            cluster = new
            // Static values are never released, so the server would outlive the tests until its input closes.
            atexit { SharedCluster.end() }
            return new
        }
    }

    private static func end() { started.withLock { $0?.stop() } }
}

extension PostgresCluster {
    func engine(
        _ database: String, format: ObjectFormat = .plain, bin: String? = nil, lockTimeout: Duration = .seconds(60)
    )
        throws -> PostgresEngine
    {
        try PostgresEngine(
            name: DatabaseName(database), connection: PostgresConnection(parsing: url(database: database)),
            format: format, binDirectory: bin, lockTimeout: lockTimeout)
    }

    /// The dump object of a backup.
    func backup(_ engine: PostgresEngine) async throws -> Written {
        let streams = try await engine.streams()
        guard let dump = streams.last else { throw ServerFailure("no streams") }
        return try await write(dump)
    }

    func databases() async throws -> [String] {
        try await sql("SELECT datname FROM pg_database ORDER BY 1").split(separator: "\n").map(String.init)
    }
}

/// The code of the `BackupError` that `work` throws; nil when it throws none or something else.
func failure(of work: () async throws -> Void) async -> BackupError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? BackupError
    }
}
