import Domain
import Foundation
import Testing

@testable import holdfast

@Suite struct OperatorContextTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "context-\(UUID())")
    private var environment: [String: String] { ["XDG_CONFIG_HOME": folder.path] }
    private var file: String { folder.path + "/holdfast/context.json" }
    private let stored = OperatorContext(url: "https://a:1", token: "hft_a_a", ca: "-----BEGIN A")

    private func withFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    @Test func whatInitWroteIsFoundAndPrivate() throws {
        try withFolder {
            #expect(try stored.write(to: file, now: Sample.now) == nil)
            #expect(try OperatorContext.current(environment: environment) == stored)
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func anOlderContextIsKeptBeside() throws {
        try withFolder {
            _ = try stored.write(to: file, now: Sample.now)
            let kept = try OperatorContext(url: "https://b:1", token: "t", ca: nil).write(to: file, now: Sample.now)
            #expect(kept == folder.path + "/holdfast/context-20260115_020000.json")
            #expect(try OperatorContext.current(environment: environment).url == "https://b:1")
        }
    }

    @Test func theEnvironmentWins() throws {
        try withFolder {
            _ = try stored.write(to: file, now: Sample.now)
            let all = environment.merging([
                "HOLDFAST_URL": "https://c", "HOLDFAST_TOKEN": "t", "HOLDFAST_CA": "-----BEGIN C",
            ]) { $1 }
            #expect(
                try OperatorContext.current(environment: all)
                    == OperatorContext(url: "https://c", token: "t", ca: "-----BEGIN C"))
            let url = environment.merging(["HOLDFAST_URL": "https://c"]) { $1 }
            #expect(
                try OperatorContext.current(environment: url)
                    == OperatorContext(url: "https://c", token: "hft_a_a", ca: "-----BEGIN A"))
        }
    }

    @Test func theStoredTokenDoesNotGoToAnotherCoordinator() throws {
        try withFolder {
            _ = try stored.write(to: file, now: Sample.now)
            let other = environment.merging(["HOLDFAST_URL": "https://evil", "HOLDFAST_CA": "-----BEGIN E"]) { $1 }
            #expect(throws: BackupError.self) { try OperatorContext.current(environment: other) }
        }
    }

    @Test func aMissingOrBrokenContextSaysWhatToDoAndNoSecret() throws {
        try withFolder {
            let missing = #expect(throws: BackupError.self) { try OperatorContext.current(environment: environment) }
            #expect(missing?.message.contains("holdfast init") == true)
            try FileManager.default.createDirectory(
                atPath: folder.path + "/holdfast", withIntermediateDirectories: true)
            try Data(#"{"token":"canary-secret"}"#.utf8).write(to: URL(filePath: file))
            let broken = #expect(throws: BackupError.self) { try OperatorContext.current(environment: environment) }
            #expect(broken?.description.contains("canary") == false)
        }
    }
}
