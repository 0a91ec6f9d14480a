import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A host whose first join was half lost, and one that was built anew, from outside (issue 8, C6).
@Suite(.timeLimit(.minutes(3))) struct ReplacedHostTests {
    @Test func aJoinWhoseAnswerWasLostIsRepeatedWithTheSameLine() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let forwarder = try Forwarder(to: fleet.port, losingAnswer: 600)
        defer { forwarder.stop() }
        let line = try await fleet.joinString("--url", "https://localhost:\(forwarder.port)")
        let host = try fleet.host("db-01", in: "db-01", "databases: []\n", joinString: line)
        let lost = try await host.run(["join", line, "--name", "db-01"])
        #expect(lost.status != 0)
        #expect(try forwarder.events().contains("lost an answer"))
        #expect(try await fleet.list([AgentView].self, "agent", "list").map(\.name) == ["db-01"], "it did join")
        try await host.command("join", line, "--name", "db-01")
        try host.start()
        defer { host.kill() }
        let agents = try await eventually("it is online") {
            let agents = try await fleet.list([AgentView].self, "agent", "list")
            return agents.first?.state == .online ? agents : nil
        }
        #expect(agents.map(\.name) == ["db-01"])
    }

    @Test func aRebuiltHostHasItsNameAndItsBackupsAndTheOldOneIsRefused() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let database = fleet.folder.appending(path: "dev.db")
        _ = try await ProgramOutput.of("sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { weekly: { schedule: "7 3 * * 4", keep: 12w } }, destinations: [local] } }
            """)
        let yaml =
            "databases:\n  - { name: devdb, sqlite: \(database.path) }\n"
        let old = try await fleet.join("db-01", yaml)
        try old.start()
        defer { old.kill() }
        try await eventually("there is a schedule") {
            try await fleet.list([ScheduleView].self, "schedule", "list").isEmpty ? nil : true
        }
        #expect(try await fleet.backUp().status == 0)

        let line = try await fleet.joinString("--url", fleet.url, "--replace", "db-01")
        let new = try fleet.host("db-01", in: "rebuilt", yaml, joinString: line)
        // Its host name is another one: the line says who it is.
        #expect(try await new.run(["join", line]).error.contains(" as db-01 "))
        try await eventually("the old host is told") {
            try String(contentsOf: old.log, encoding: .utf8).contains("took its place") ? true : nil
        }
        try new.start()
        defer { new.kill() }
        try await eventually("the new host is online") {
            try await fleet.list([AgentView].self, "agent", "list").map(\.state) == [.online] ? true : nil
        }
        #expect(try await fleet.backUp().status == 0)
        let backups = try await fleet.list([BackupView].self, "backup", "list", "--agent", "db-01")
        #expect(backups.map(\.state) == [.good, .good])
        #expect(try await fleet.list([IncidentView].self, "alert", "list").isEmpty, "nobody is held to be a copy")
        // What the old host backed up is the new one's own.
        let identity = try String(contentsOf: new.data.appending(path: "identity.json"), encoding: .utf8)
        #expect(identity.contains("predecessors"))
        let again = try await fleet.run(["agent", "revoke", "db-01", "--yes"], input: "")
        #expect(again.status == 0)
        let third = try fleet.host(
            "db-01", in: "third", yaml, joinString: try await fleet.joinString("--url", fleet.url))
        try await third.command("join", third.joinString, "--name", "db-01")
        #expect(try await fleet.list([BackupView].self, "backup", "list", "--agent", "db-01").count == 2)
    }
}
