import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// `holdfast status` on a terminal of 80 columns and 24 lines keeps its verdict in sight, however much there is to tell.
@Suite(.timeLimit(.minutes(5))) struct OneScreenTests {
    @Test func theVerdictStaysOnTheScreen() async throws {
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { keep: 30d } }, destinations: [local] } }
            """)
        // 36 databases, 14 of which cannot be backed up.
        let names = (0..<36).map { "database-\($0 / 10)\($0 % 10)" }
        let bad = Set(names.prefix(14))
        for name in names.dropFirst(14) {
            let made = try await ProgramOutput.of(
                "sqlite3", [fleet.folder.appending(path: "\(name).db").path, "CREATE TABLE t (x)"])
            #expect(made.status == 0, "\(made.error)")
        }
        let entries = names.map { "  - { name: \($0), sqlite: \(fleet.folder.path)/\($0).db }" }
        let agent = try await fleet.join(
            "db-01", "databases:\n" + entries.joined(separator: "\n") + "\nconcurrency: 8\nretries: { attempts: 1 }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").count == names.count ? true : nil
        }
        #expect(try await fleet.run("backup", "create", "--type", "all", "--wait").status == 1)

        let screen = try await screen(fleet, ["status"])
        #expect(screen.count <= 23, "\(screen.joined(separator: "\n"))")
        #expect(screen.allSatisfy { $0.count <= 80 }, "\(screen.joined(separator: "\n"))")
        #expect(screen.first?.hasPrefix("14 PROBLEMS   22 of 36 databases well") == true, "\(screen)")
        // Problems come before anything else, what is left of them is counted, and what is well is counted apart.
        #expect(screen.contains { $0.hasPrefix("CRITICAL") })
        #expect(screen.contains { $0.hasPrefix("FAILING") })
        #expect(!screen.contains { $0.hasPrefix("ok ") }, "\(screen)")
        let alerts = screen.count { $0.hasPrefix("CRITICAL") }
        #expect(try left(screen, "`holdfast alert list`") + alerts == 15, "\(screen)")
        #expect(try left(screen, "that need a look") + screen.count { $0.hasPrefix("FAILING") } == bad.count)
        #expect(screen.last == "… and 22 databases well, 1 agent online: `holdfast status --all`", "\(screen)")

        // All of it for who asks, and for what is no terminal.
        for whole in [try await self.screen(fleet, ["status", "--all"]), try await lines(fleet.run("status").text)] {
            #expect(whole.count { $0.hasPrefix("FAILING") } == 14)
            #expect(whole.count { $0.hasPrefix("ok ") } == 22)
        }

        // What somebody knows of is no longer at the head.
        let incidents = try await fleet.list([IncidentView].self, "alert", "list")
        for incident in incidents { try await fleet.holdfast("alert", "ack", "\(incident.id)") }
        let known = try await self.screen(fleet, ["status"])
        #expect(known.count <= 23 && known.first?.hasPrefix("14 KNOWN PROBLEMS   ") == true, "\(known)")
        #expect(!known.contains { $0.hasPrefix("CRITICAL") } && known.contains { $0.hasPrefix("KNOWN") }, "\(known)")
    }

    /// What stands on a terminal of that size when the command has ended.
    private func screen(_ fleet: Fleet, _ arguments: [String]) async throws -> [String] {
        let words = (["stty cols 80 rows 24;", ProgramProcess.built("holdfast")] + arguments).joined(separator: " ")
        let output = try await ProgramOutput.of(
            "script", ["-qec", words, "/dev/null"],
            environment: [
                "HOME": fleet.folder.path, "XDG_CONFIG_HOME": fleet.folder.appending(path: "config").path,
                "NO_COLOR": "1", "SHELL": "/bin/sh",
            ])
        return lines(output.text)
    }

    private func lines(_ text: String) -> [String] {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// The number in the line that counts what there was no room for.
    private func left(_ screen: [String], _ words: String) throws -> Int {
        let line = try #require(screen.first { $0.hasPrefix("… and ") && $0.contains(words) }, "\(screen)")
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }
}
