import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// SIGHUP and the rights of files, on built programs.
@Suite(.timeLimit(.minutes(5))) struct HangUpTests {
    @Test func aHangUpReadsTheConfigurationAgainAndEndsNeitherProgram() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        for name in ["one", "two"] {
            let made = try await ProgramOutput.of(
                "sqlite3", [fleet.folder.appending(path: "\(name).db").path, "CREATE TABLE t (x)"])
            #expect(made.status == 0)
        }
        func yaml(_ names: String...) -> String {
            "databases:\n" + names.map { "  - { name: \($0), sqlite: \(fleet.folder.path)/\($0).db }\n" }.joined()
        }
        func known() async throws -> [String] {
            try await fleet.list([DatabaseView].self, "database", "list").filter { $0.problem == nil }
                .map(\.name.rawValue).sorted()
        }
        func write(_ text: String) throws {
            try Data(text.utf8).write(to: agent.folder.appending(path: "agent.yaml"))
        }
        let agent = try await fleet.join("db-01", yaml("one"))
        defer { agent.kill() }
        try agent.start()
        try await eventually("the first is known") { try await known() == ["one"] ? true : nil }
        let pid = try #require(agent.pid)

        try write(yaml("one", "two"))
        kill(pid, SIGHUP)
        try await eventually("the second is known") { try await known() == ["one", "two"] ? true : nil }

        try write("databases:\n  - { name: CANARY-three, colour: red }\n")
        kill(pid, SIGHUP)
        try await eventually("the mistake is logged") {
            try String(contentsOf: agent.log, encoding: .utf8).contains("agent.yaml:2: databases[0].colour")
                ? true : nil
        }
        let told = try await eventually("the mistake is told") {
            try await fleet.catalog("SELECT trouble FROM agent WHERE trouble IS NOT NULL").first
        }
        #expect(told.contains("agent.yaml was to be read again and cannot be used"))
        #expect(!told.contains("CANARY") && !told.contains("colour"))
        #expect(try await known() == ["one", "two"])
        try await fleet.backup()

        try write(yaml("two"))
        kill(pid, SIGHUP)
        try await eventually("the trouble is over") {
            try await fleet.catalog("SELECT name FROM agent WHERE trouble IS NULL").isEmpty ? nil : true
        }
        let coordinator = try #require(fleet.coordinatorPid)
        kill(coordinator, SIGHUP)
        try await eventually("the coordinator says so") {
            try String(contentsOf: fleet.log, encoding: .utf8).contains("SIGHUP changes nothing here") ? true : nil
        }
        #expect(try await fleet.run("status").status == 0)
        #expect(agent.terminate() == 0, "it runs until told to stop")
    }

    @Test func whatOthersCouldReadOrChangeIsRefusedAtTheStart() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: shop, url: \"postgres://u:CANARY@127.0.0.1:1/shop\" }\n")
        defer { agent.kill() }
        let file = agent.folder.appending(path: "agent.yaml")
        let key = agent.data.appending(path: "agent-key.pem")
        func mode(_ mode: Int, _ file: URL) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        }
        for (what, open, remedy) in [
            (file, 0o644, "chmod o-rwx"), (file, 0o660, "chmod go-w"), (key, 0o640, "chmod 600"),
        ] {
            try mode(0o640, file)
            try mode(open, what)
            let start = try await agent.run(["run"])
            #expect(start.status == 8, "\(start.error)")
            #expect(start.error.contains("\(remedy) \(what.path)") && !start.error.contains("CANARY"), "\(start.error)")
            let doctor = try await agent.run(["doctor"])
            #expect(doctor.text.contains("BAD ") && doctor.text.contains("\(remedy) \(what.path)"), "\(doctor.text)")
        }
        try mode(0o600, key)
        try agent.start()
        try await eventually("the agent runs") {
            try await fleet.list([AgentView].self, "agent", "list").contains { $0.state == .online } ? true : nil
        }
        let authority = fleet.data.appending(path: "ca-key.pem")
        try mode(0o644, authority)
        fleet.killCoordinator()
        let refused = try await ProgramOutput.of(
            ProgramProcess.built("holdfast"), ["serve", "--data-dir", fleet.data.path, "--listen", "127.0.0.1:0"])
        #expect(refused.status == 8 && refused.error.contains("chmod 600 \(authority.path)"), "\(refused.error)")
    }
}
