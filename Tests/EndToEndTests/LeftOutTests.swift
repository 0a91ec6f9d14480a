import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Device files among application files, seen from the coordinator; built programs.
@Suite(.timeLimit(.minutes(5))) struct LeftOutTests {
    @Test func whatABackupDoesNotHoldIsToldAndTheRestoreWorks() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let tree = fleet.folder.appending(path: "tree")
        let made = try await ProgramOutput.of(
            "bash",
            [
                "-ec", #"mkdir -p "$1/"$'d\xff'; cd "$1"; mknod $'d\xff/null' c 1 3; echo 1 >$'d\xff/file'"#, "sh",
                tree.path,
            ])
        #expect(made.status == 0, "\(made.error)")
        let agent = try await fleet.join(
            "app-01", "databases:\n  - { name: settings, application: { paths: [\(tree.path)] } }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("the database is known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        let backup = try await fleet.backUp(["--type", "application"])
        #expect(backup.status == 0, "\(backup.error)")
        #expect(backup.error.contains("not in the backup: the device file "), "\(backup.error)")
        #expect(try String(contentsOf: agent.log, encoding: .utf8).contains("left out of the backup"))
        let id = try #require(try await fleet.list([BackupView].self, "backup", "list").first).id
        let target = fleet.folder.appending(path: "back")
        try await fleet.holdfast("restore", id.uuidString, "--to", target.path)
        let found = try await ProgramOutput.of("find", [target.path, "-name", "file", "-o", "-type", "c"])
        #expect(found.text.split(separator: "\n").count == 1, "\(found.text)")
    }
}
