import Foundation
import TestSupport

/// A release that `deploy/package.sh` made of the programs of this test run; made once.
enum Release {
    static let repository = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
    static let installer = repository.appending(path: "deploy/install.sh").path

    private static let built = URL(filePath: ProgramProcess.built("holdfast")).deletingLastPathComponent()
    private static let made = Task { try await package(in: built.appending(path: "test-release")) }

    /// The tarball. It lies beside the programs, where the next run replaces it.
    static func tarball() async throws -> URL { try await made.value.file }

    /// What package.sh printed.
    static func words() async throws -> String { try await made.value.words }

    static func package(in folder: URL) async throws -> (file: URL, words: String) {
        let file = folder.appending(path: "release.tar.gz")
        let output = try await ProgramOutput.of(
            repository.appending(path: "deploy/package.sh").path,
            ["tarball", "--configuration", "debug", "--from-build", built.path, "--output", file.path])
        guard output.status == 0 else { throw ServerFailure("package.sh ended with \(output.status): \(output.error)") }
        return (file, output.text)
    }
}

/// A folder of a test in which a release is unpacked and installed.
final class Host: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-host-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var prefix: URL { folder.appending(path: "usr") }

    /// The folder of an unpacked release.
    func unpacked() async throws -> URL {
        let output = try await ProgramOutput.of(
            "tar", ["-xf", try await Release.tarball().path, "-C", folder.path])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        guard output.status == 0, let name = names.first(where: { $0.hasPrefix("holdfast-") }) else {
            throw ServerFailure("not unpacked: \(output.error) \(names)")
        }
        return folder.appending(path: name)
    }

    /// Below the prefix alone, and with no word to systemd.
    func install(
        _ arguments: String..., by installer: String = Release.installer, environment: [String: String] = [:]
    ) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            installer, arguments + ["--prefix", prefix.path, "--no-systemd", "--no-dependencies"],
            environment: environment)
    }

    /// What stands in the prefix: each file's path, and its bytes' digest.
    func installed() async throws -> [String] {
        let output = try await ProgramOutput.of(
            "bash",
            ["-c", "cd \"$0\" 2>/dev/null && find . -type f -print0 | sort -z | xargs -0r sha256sum", prefix.path])
        return output.text.split(separator: "\n").map(String.init)
    }

    /// What an installed program says of its version.
    func version(_ program: String) async throws -> String {
        let output = try await ProgramOutput.of(prefix.appending(path: "bin/\(program)").path, ["--version"])
        return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Makes the sums of a release that was changed anew, as one who knows them would.
    func sum(_ release: URL) async throws {
        _ = try await ProgramOutput.of(
            "bash",
            [
                "-c",
                "cd \"$0\" && rm SHA256SUMS && find . -type f -printf '%P\\0' | sort -z | xargs -0 sha256sum >../sums && mv ../sums SHA256SUMS",
                release.path,
            ])
    }
}

/// Changes bytes of a file where it lies.
func overwrite(_ file: URL, at offset: UInt64, _ bytes: [UInt8]) throws {
    let handle = try FileHandle(forUpdating: file)
    defer { try? handle.close() }
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(bytes))
}
