import Archive
import Domain
import Foundation
import Synchronization
import Testing
import Threads

/// Keeps what it gets.
final class KeepingSink: ChainSink {
    private(set) var bytes: [UInt8] = []
    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) { self.bytes += bytes }
}

/// Runs a closure for every piece.
final class ScriptedSink: ChainSink {
    private let step: (Int, UnsafeRawBufferPointer) throws(BackupError) -> Void
    private(set) var writes = 0
    init(_ step: @escaping (Int, UnsafeRawBufferPointer) throws(BackupError) -> Void) { self.step = step }
    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError) {
        writes += 1
        try step(writes, bytes)
    }
}

/// A pipe with a thread that writes into it, as an engine's tool does.
struct Producer {
    /// What the chain reads from; the chain closes it.
    let output: Int32
    private let threads = ThreadGroup<Never>(following: StopSignal())
    private let gotBrokenPipe = Promise<Bool>()

    /// Writes `pieces`, again and again if `isEndless`, then closes its end unless `staysOpen`.
    init(_ pieces: [[UInt8]], isEndless: Bool = false, staysOpen: StopSignal? = nil) throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }  // a tool that a test starts must not hold it open
        output = ends[0]
        threads.spawn("producer") { [gotBrokenPipe, writing = ends[1]] in
            var isBroken = false
            repeat { isBroken = !pieces.allSatisfy { Self.write($0, to: writing) } } while isEndless && !isBroken
            while let staysOpen, !staysOpen.isStopped { sched_yield() }
            close(writing)
            gotBrokenPipe.keep(isBroken)
        }
    }

    /// Waits for its end. Whether it was told that nobody reads any more.
    func wasBroken() -> Bool {
        threads.join()
        return gotBrokenPipe.take() ?? false
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}

/// The same bytes each time: rows of text, so many that they are at least `count` bytes, cut there.
func sampleText(_ count: Int) -> [UInt8] {
    let block = [UInt8]((0..<2000).map { "\($0)\tblue widget \($0 * 7919)\t\\N\t2026-01-15\n" }.joined().utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count { bytes += block }
    return Array(bytes.prefix(count))
}

/// The digest that `sha256sum` gives, by way of a reader that decodes nothing.
func sha256(_ bytes: [UInt8]) throws -> String {
    try ArchiveReader.decode(codec: .init(.none), plainLimit: .max, read: whole(bytes)) { _ in }.storedSHA256
}

/// A source for ``ArchiveReader/decode(codec:plainLimit:read:to:)`` that hands out `bytes` in chunks.
func whole(
    _ bytes: [UInt8], chunk: Int = .max
) -> ((UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) -> Void {
    { (body) throws(BackupError) in
        var position = 0
        while position < bytes.count {
            let end = position + min(chunk, bytes.count - position)
            // `withUnsafeBytes` knows only untyped errors, so the typed one leaves it as a value.
            let step: Result<Void, BackupError> = bytes[position..<end].withUnsafeBytes { raw in
                Result { () throws(BackupError) in try body(raw) }
            }
            try step.get()
            position = end
        }
    }
}

/// Runs a tool of the system in a folder of its own, with `input`, and returns its output. Throws when it fails.
func stockTool(_ command: [String], _ input: [UInt8] = [], in folder: URL? = nil) throws -> [UInt8] {
    struct Failed: Error { let status: Int32 }
    let own = FileManager.default.temporaryDirectory.appending(path: "stock-tool-\(UUID())")
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: own) }  // a left folder in the temporary one harms nothing
    try Data(input).write(to: own.appending(path: "input"))
    try Data().write(to: own.appending(path: "output"))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.currentDirectoryURL = folder ?? own
    process.standardInput = try FileHandle(forReadingFrom: own.appending(path: "input"))
    process.standardOutput = try FileHandle(forWritingTo: own.appending(path: "output"))
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(status: process.terminationStatus) }
    return [UInt8](try Data(contentsOf: own.appending(path: "output")))
}
