import Foundation
import Glibc
import Synchronization

/// The built `holdfast`, with a folder of its own for its context and files, run as a person runs it.
final class BuiltHoldfast: Sendable {
    struct Ended {
        let status: Int32
        let text: String
        let error: String
    }

    struct Unable: Error, CustomStringConvertible {
        let description: String
    }

    let folder: URL
    private let coordinator = Mutex<Process?>(nil)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-command-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        if let process = coordinator.withLock({ $0 }), process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// One that nobody answers at: whatever is asked of it ends with 6.
    static let nobody = ["HOLDFAST_URL": "https://127.0.0.1:1", "HOLDFAST_TOKEN": "hft_a_a"]

    /// Runs it to its end.
    func run(_ arguments: [String], _ environment: [String: String] = nobody) throws -> Ended {
        let output = Pipe()
        return try run(arguments, environment, output: output.fileHandleForWriting, output.fileHandleForReading)
    }

    /// The same, writing to `output`; `reader` is its other end, if that is to be read.
    func run(
        _ arguments: [String], _ environment: [String: String] = nobody, output: FileHandle,
        _ reader: FileHandle? = nil
    ) throws -> Ended {
        let error = Pipe()
        let process = try process(arguments, environment)
        (process.standardOutput, process.standardError) = (output, error)
        try process.run()
        try output.close()
        try error.fileHandleForWriting.close()
        // Neither stream is ever longer than a pipe holds, so one after the other is no deadlock.
        let text = try reader?.readToEnd() ?? Data()
        let words = try error.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let status = process.terminationStatus
        return Ended(
            status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
            text: String(decoding: text, as: UTF8.self), error: String(decoding: words, as: UTF8.self))
    }

    /// Starts a coordinator that knows nothing yet, on any free port; returns the environment that reaches it.
    func serve() throws -> [String: String] {
        let data = folder.appending(path: "data").path
        let made = try run(["init", "--data-dir", data, "--hostname", "localhost", "--no-context"], [:])
        guard made.status == 0, let token = made.text.firstMatch(of: /hft_\S+/) else {
            throw Unable(description: made.error)
        }
        let output = Pipe()
        let process = try process(
            ["serve", "--data-dir", data, "--listen", "127.0.0.1:0", "--log-level", "error"], [:])
        (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
        try process.run()
        coordinator.withLock { $0 = process }
        try output.fileHandleForWriting.close()
        var line = ""
        while !line.hasSuffix("\n"), let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            line += String(decoding: byte, as: UTF8.self)
        }
        guard let port = line.firstMatch(of: /:(\d+)\n/) else {
            throw Unable(description: "it does not listen: \(line)")
        }
        return [
            "HOLDFAST_URL": "https://localhost:\(port.1)", "HOLDFAST_TOKEN": String(token.0),
            "HOLDFAST_CA": data + "/ca.pem",
        ]
    }

    private func process(_ arguments: [String], _ environment: [String: String]) throws -> Process {
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments = arguments
        process.environment = ["HOME": folder.path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// It is built beside the test runner.
    private static func program() throws -> URL {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let places = [folder, folder.deletingLastPathComponent(), Bundle.main.bundleURL]
        guard
            let found = places.map({ $0.appending(path: "holdfast") }).first(where: { access($0.path, X_OK) == 0 })
        else { throw Unable(description: "holdfast is not built beside the tests") }
        return found
    }
}
