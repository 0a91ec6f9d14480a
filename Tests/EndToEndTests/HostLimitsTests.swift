import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What a host allows, against a coordinator that asks for more; built programs.
@Suite(.timeLimit(.minutes(10))) struct HostLimitsTests {
    @Test func whatTheHostDoesNotAllowIsRefusedAndToldAndTheRestGoesOn() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let database = fleet.folder.appending(path: "dev.db")
        let made = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t AS SELECT 1 AS x"])
        #expect(made.status == 0, "\(made.error)")
        let outside = fleet.folder.appending(path: "outside")
        func yaml(_ destinations: String) -> String {
            """
            destinations: { own: { directory: \(fleet.local.path) }, \(destinations) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } } } }
            """
        }
        try await fleet.apply(yaml(""))
        let agent = try await fleet.join(
            "db-01",
            """
            databases:
              - { name: devdb, sqlite: \(database.path) }
            allow: { directories: [\(fleet.local.path)], replace: false }
            """)
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let good = try #require(try await fleet.list([BackupView].self, "backup", "list").first)

        let more = fleet.folder.appending(path: "more.yaml")
        try Data(yaml("taken: { directory: \(outside.path) }").utf8).write(to: more)
        let dry = try await fleet.run("apply", "-f", more.path, "--dry-run")
        #expect(dry.error.contains("host db-01, destination taken: the host does not allow this: "), "\(dry.error)")
        try await fleet.holdfast("apply", "-f", more.path)
        try await eventually("the host has the plan") {
            try String(contentsOf: agent.data.appending(path: "plan.json"), encoding: .utf8).contains("outside")
                ? true : nil
        }
        let partial = try await fleet.backUp()
        #expect(partial.status != 0)
        #expect(partial.error.contains("taken: the host does not allow this: "), "\(partial.error)")
        #expect(!FileManager.default.fileExists(atPath: outside.path))
        let states = try await fleet.list([BackupView].self, "backup", "list").map(\.state)
        #expect(Set(states) == [.good, .partial], "\(states)")

        for (target, force) in [("/etc/holdfast-was-here.db", []), (database.path, ["--force", "--yes"])] {
            let restore = try await fleet.run(["restore", good.id.uuidString, "--to", target] + force, input: "")
            #expect(restore.status != 0, "\(target)")
            #expect(restore.error.contains("the host does not allow this: "), "\(restore.error)")
        }
        #expect(!FileManager.default.fileExists(atPath: "/etc/holdfast-was-here.db"))
        try await fleet.holdfast("restore", good.id.uuidString)
        let log = try String(contentsOf: agent.log, encoding: .utf8)
        let refusals = log.split(separator: "\n").filter { $0.contains("refused what the coordinator asked") }
        #expect(refusals.contains { $0.contains(outside.path) } && refusals.contains { $0.contains("/etc/") }, "\(log)")
        let doctor = try await agent.run(["doctor"])
        #expect(doctor.status == 1 && doctor.text.contains("BAD  destination taken: the host does not allow this: "))
    }

    /// Whoever has the coordinator names another store: nothing goes there, over a restart too, and the rest goes on.
    @Test func nothingGoesToAnotherStoreThanTheFirstPlanNamed() async throws {
        let (first, other) = (try S3Server(), try S3Server())
        defer {
            first.stop()
            other.stop()
        }
        let fleet = try await Fleet(environment: first.credentials("coordinator"))
        defer { fleet.stop() }
        let database = fleet.folder.appending(path: "dev.db")
        let made = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t AS SELECT 1 AS x"])
        #expect(made.status == 0, "\(made.error)")
        func apply(_ destinations: String) async throws {
            try await fleet.apply(
                """
                destinations: { \(destinations) }
                policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } } } }
                """)
        }
        try await apply("offsite: \(first.destination)")
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\nallow: { replace: true }\n",
            environment: first.credentials("agent"))
        defer { agent.kill() }
        try agent.start()
        try await fleet.backup()
        let before = try await first.keys().count
        try await apply("offsite: \(first.destination), taken: \(other.destination)")
        agent.kill()
        try agent.start()
        try await eventually("the host has the plan") {
            try String(contentsOf: agent.data.appending(path: "plan.json"), encoding: .utf8).contains("taken")
                ? true : nil
        }
        let partial = try await fleet.backUp()
        #expect(partial.status != 0)
        #expect(
            partial.error.contains("the host does not allow this: its agent.yaml allows no object store at "),
            "\(partial.error)")
        #expect(try await other.keys().isEmpty)
        #expect(try await first.keys().count > before, "the backup to the first store goes on")
    }
}
