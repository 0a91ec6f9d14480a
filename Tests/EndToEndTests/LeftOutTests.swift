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
                "-ec",
                #"""
                mkdir -p "$1/"$'d\xff' "$1/conf"; cd "$1"; mknod $'d\xff/null' c 1 3; echo 1 >$'d\xff/file'
                echo 2 >conf/app.conf; echo 3 >conf/other
                """#, "sh",
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
        #expect(try String(contentsOf: agent.log, encoding: .utf8).contains("noted of the backup"))
        let id = try #require(try await fleet.list([BackupView].self, "backup", "list").first).id
        let shown = try await fleet.run("backup", "show", id.uuidString)
        #expect(shown.text.contains("NOTED\nnot in the backup: the device file "), "\(shown.text)")
        let noted = try await fleet.run("alert", "list")
        #expect(noted.text.contains("are good, with something to know of"), "\(noted.text)")
        let target = fleet.folder.appending(path: "back")
        try await fleet.holdfast("restore", id.uuidString, "--to", target.path)
        let found = try await ProgramOutput.of("find", [target.path, "-name", "file", "-o", "-type", "c"])
        #expect(found.text.split(separator: "\n").count == 1, "\(found.text)")

        // In part, and without its first folders; also without the coordinator.
        let (depth, parts) = (tree.path.split(separator: "/").count, fleet.folder.appending(path: "parts"))
        try await fleet.holdfast(
            "restore", id.uuidString, "--path", tree.path + "/conf", "--strip", "\(depth)", "--to", parts.path)
        let names = try await ProgramOutput.of("find", [".", "-type", "f"], folder: parts)
        #expect(Set(names.text.split(separator: "\n")) == ["./conf/app.conf", "./conf/other"], "\(names.text)")
        let missing = try await fleet.run("restore", id.uuidString, "--path", "/nothing", "--to", parts.path + "2")
        #expect(missing.status == 5 && missing.error.contains("has no /nothing"), "\(missing)")
        let manifest = try await ProgramOutput.of("find", [fleet.folder.path, "-name", "settings_app_*.json"])
        let local = fleet.folder.appending(path: "local-part")
        try await agent.command(
            "restore", String(manifest.text.split(separator: "\n")[0]), "--path", tree.path + "/conf/app.conf",
            "--strip",
            "\(depth + 1)", "--to", local.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: local.path) == ["app.conf"])
    }

    @Test func rowsAgainstTheSchemaAreNotedAndHinderNothing() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let file = fleet.folder.appending(path: "own.db")
        let made = try await ProgramOutput.of(
            "python3", [ServerProcess.servers.appending(path: "own_parts.py").path, "make", "both", file.path])
        #expect(made.status == 0, "\(made.error)")
        let agent = try await fleet.join("own-01", "databases:\n  - { name: own, sqlite: \(file.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("the database is known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        let backup = try await fleet.backUp(["--database", "own"])
        #expect(backup.status == 0 && backup.error.contains("CHECK constraint failed in u"), "\(backup.error)")
        let id = try #require(try await fleet.list([BackupView].self, "backup", "list").first).id
        try await fleet.holdfast("backup", "verify", id.uuidString)
        let shown = try await fleet.run("backup", "show", id.uuidString)
        #expect(shown.text.contains("NOTED\nCHECK constraint failed in u\n"), "\(shown.text)")
        let target = fleet.folder.appending(path: "back.db")
        let restored = try await fleet.run("restore", id.uuidString, "--to", target.path)
        #expect(restored.status == 0 && restored.text.contains("CHECK constraint failed in u"), "\(restored)")
        let compared = try await ProgramOutput.of(
            "python3",
            [ServerProcess.servers.appending(path: "own_parts.py").path, "compare", file.path, target.path])
        #expect(compared.status == 0, "\(compared.error)")
        let stripped = try await fleet.run("restore", id.uuidString, "--strip", "1", "--to", target.path + "2")
        #expect(stripped.status == 2 && stripped.error.contains("--path and --strip are for files"), "\(stripped)")
    }
}
