import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// Mistakes in the two files of settings, from outside: exit status 8 (configuration), file, line and key on stderr, and
/// nothing applied.
@Suite(.timeLimit(.minutes(3))) struct BadSettingsTests {
    static let fleets: [(what: String, yaml: String, line: Int, says: String)] = [
        ("an unknown key", "policies:\n  p:\n    tiers: { daily: {} }\n    florr: 3\n", 4, "policies.p.florr: "),
        ("a wrong type", "policies:\n  p:\n    tiers:\n      - daily\n", 4, "policies.p.tiers: "),
        (
            "a bad cron expression", "policies:\n  p:\n    tiers:\n      daily: { schedule: \"0 25 * * *\" }\n", 4,
            "policies.p.tiers.daily.schedule: "
        ),
        (
            "a bad zone", "policies:\n  p:\n    timezone: Europe/Atlantis\n    tiers: { daily: {} }\n", 3,
            "policies.p.timezone: "
        ),
        (
            "a duplicate", "policies:\n  p: { tiers: { daily: {} } }\n  p: { tiers: { daily: {} } }\n", 3,
            "this key stands twice: p\n"
        ),
    ]

    @Test func aBadFleetFileIsToldWithLineAndKeyAndChangesNothing() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let database = fleet.folder.appending(path: "dev.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x)"])
        let good =
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { weekly: { schedule: "7 3 * * 4", keep: 12w } }, destinations: [local] } }
            alerts: { slack: { webhookFile: \(fleet.folder.path)/webhook } }
            """
        try await fleet.apply(good)
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        let before = try await eventually("there is a schedule") {
            let schedules = try await fleet.list([ScheduleView].self, "schedule", "list")
            return schedules.isEmpty ? nil : schedules
        }
        #expect(before.map(\.schedule) == ["7 3 * * 4"])
        let file = fleet.folder.appending(path: "bad/fleet.yaml")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        for (what, yaml, line, says) in Self.fleets {
            try Data(yaml.utf8).write(to: file)
            let output = try await fleet.run("apply", "-f", file.path)
            #expect(output.status == 8, "\(what): \(output.error)")
            #expect(output.text.isEmpty, "\(what): \(output.text)")
            #expect(output.error.contains("fleet.yaml:\(line): \(says)"), "\(what): \(output.error)")
            #expect(try await fleet.list([ScheduleView].self, "schedule", "list") == before, "\(what)")
            // Nor is any destination or alert route another one.
            let same = try await fleet.run("apply", "--dry-run", "-f", "-", input: good)
            #expect(same.status == 0 && same.error.contains("no change: "), "\(what): \(same.text)\(same.error)")
        }
        // The same file without a mistake does change it.
        try Data("policies:\n  p:\n    tiers: { daily: { schedule: \"9 4 * * *\" } }\n".utf8).write(to: file)
        try await fleet.holdfast("apply", "-f", file.path)
        #expect(try await fleet.list([ScheduleView].self, "schedule", "list").map(\.schedule) == ["9 4 * * *"])
    }

    static let agents: [(what: String, yaml: String, line: Int, key: String)] = [
        ("an unknown key", "databases:\n  - name: a\n    sqllite: /x\n", 3, "databases[0].sqllite"),
        ("a wrong type", "databases: []\nconcurrency: many\n", 2, "concurrency"),
        (
            "a duplicate", "databases:\n  - { name: a, sqlite: /x }\n  - { name: a, sqlite: /y }\n", 3,
            "databases[1]"
        ),
    ]

    @Test(arguments: agents.indices) func aBadAgentFileStopsTheAgentWithLineAndKey(_ index: Int) async throws {
        let (what, yaml, line, key) = Self.agents[index]
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-bad-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "agent.yaml")
        try Data(yaml.utf8).write(to: file)
        let output = try await ProgramOutput.of(
            ProgramProcess.built("holdfast-agent"),
            ["run", "--data-dir", folder.appending(path: "data").path, "--config", file.path],
            environment: ["HOME": folder.path])
        #expect(output.status == 8, "\(what): \(output.error)")
        #expect(output.error.contains("agent.yaml:\(line): \(key): "), "\(what): \(output.error)")
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "data").path), "\(what)")
    }

    /// A host whose file vanished would go on without its databases, or without their labels.
    @Test func anAgentWhoseFileIsGoneDoesNotStart() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let agent = try await fleet.join("db-01", "databases: []\n")
        try agent.start()
        try await eventually("the agent is online") {
            try await fleet.list([AgentView].self, "agent", "list").first?.state == .online ? true : nil
        }
        #expect(agent.terminate() == 0)
        let file = agent.folder.appending(path: "agent.yaml").path
        try FileManager.default.removeItem(atPath: file)
        for command in ["run", "doctor"] {
            // timeout ends one that starts all the same.
            let output = try await ProgramOutput.of(
                "timeout", ["20", ProgramProcess.built("holdfast-agent"), command, "--data-dir", agent.data.path])
            #expect(output.status == (command == "run" ? 8 : 1), "\(command): \(output.error)")
            let words = "were declared in \(file): name it with --config, put it back if it is gone"
            #expect((output.text + output.error).contains(words), "\(output.text)\(output.error)")
        }
    }
}
