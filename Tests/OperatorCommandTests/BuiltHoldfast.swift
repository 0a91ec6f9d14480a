import Foundation
import TestSupport

/// The built `holdfast` in a folder of its own, run as a person runs it, with a coordinator that does not answer: whatever is
/// asked of it ends with 6.
final class BuiltHoldfast: Sendable {
    static let nobody = ["HOLDFAST_URL": "https://127.0.0.1:1", "HOLDFAST_TOKEN": "hft_a_a"]

    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-command-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            ProgramProcess.built("holdfast"), arguments, environment: variables(environment), folder: folder)
    }

    /// With `output`, a file, for its standard output.
    func run(_ arguments: [String], to output: String) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            "sh", ["-c", #"exec "$@" >"$0""#, output, ProgramProcess.built("holdfast")] + arguments,
            environment: variables([:]), folder: folder)
    }

    /// With a pipe for its standard output that nobody reads any more.
    func runUnread(_ arguments: [String]) async throws -> ProgramOutput {
        let script = """
            import os, signal, sys
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            reader, writer = os.pipe()
            os.close(reader)
            os.dup2(writer, 1)
            os.execv(sys.argv[1], sys.argv[1:])
            """
        return try await ProgramOutput.of(
            "python3", ["-c", script, ProgramProcess.built("holdfast")] + arguments, environment: variables([:]),
            folder: folder)
    }

    private func variables(_ more: [String: String]) -> [String: String] {
        Self.nobody.merging(["HOME": folder.path]) { $1 }.merging(more) { $1 }
    }
}
