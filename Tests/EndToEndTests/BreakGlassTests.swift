import Foundation
import TestSupport
import Testing
import Wire

/// A restore on a host whose coordinator is gone, by its key in a bucket alone.
@Suite(.timeLimit(.minutes(5))) struct BreakGlassTests {
    @Test func thePlanThatLiesThereSaysWhereTheBucketIs() async throws {
        let s3 = try S3Server()
        defer { s3.stop() }
        let fleet = try await Fleet(environment: s3.credentials("coordinator"))
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { offsite: \(s3.destination) }
            policies: { all: { tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }, destinations: [offsite] } }
            """)
        let database = try await fleet.sqlite(
            "dev.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB); INSERT INTO t (b) VALUES (randomblob(300000))")
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start(s3.credentials("agent"))
        try await fleet.backup()
        let manifest = try #require(try await s3.keys().first { $0.hasSuffix(".json") })
        fleet.killCoordinator()
        agent.kill()

        let place = "s3://\(s3.bucket)/\(manifest)"
        let reader = s3.credentials("coordinator").filter { !$0.key.hasPrefix("AWS_REGION") }
        for (hours, words) in [(8, "8 h old"), (31 * 24, "31 days old")] {
            for name in ["plan.json", "plan-copy.json"] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date() - Double(hours) * 3600],
                    ofItemAtPath: agent.data.appending(path: name).path)
            }
            let target = fleet.folder.appending(path: "after-\(hours).db").path
            let restored = try await agent.run(["restore", place, "--to", target], reader)
            #expect(restored.status == 0 && restored.text == target + "\n", "\(restored)")
            #expect(
                restored.error.contains("destination offsite of this agent's plan") && restored.error.contains(words))
            // To no terminal: where a step begins and where it ends.
            let lines = restored.error.split(separator: "\n")
            #expect(lines.contains { $0.wholeMatch(of: /restoring 3\d\d kB/) != nil }, "\(restored.error)")
            #expect(lines.contains { $0.wholeMatch(of: /restoring: 3\d\d kB in 0:\d\d.*/) != nil }, "\(restored.error)")
            #expect(!restored.error.contains("\u{1b}"))
        }

        // The shell has no credentials: the agent's are used, and may only write.
        let file = fleet.folder.appending(path: "agent.env")
        func write(_ identity: String) throws {
            let lines = s3.credentials(identity).filter { $0.key != "AWS_REGION" }.map { "\($0)=\"\($1)\"" }
            try Data(("# the agent's\n; own\n" + lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        }
        let options = ["--environment-file", file.path]
        try write("agent")
        let refused = try await agent.run(["restore", place, "--to", "/tmp/none.db"] + options)
        #expect(refused.status == 12 && refused.error.contains("may only write, and are meant to"), "\(refused)")
        #expect(refused.error.contains("AWS_PROFILE") && refused.error.contains("agent's own, from \(file.path)"))
        #expect(!refused.error.contains("deploy/examples"))
        try write("coordinator")
        let target = fleet.folder.appending(path: "lent.db").path
        try await agent.command("restore", place, "--to", target, "--environment-file", file.path)
        let missing = try await agent.run(["restore", place, "--environment-file", "/nowhere"])
        #expect(missing.status == 8 && missing.error.contains("/nowhere"), "\(missing)")

        // At a terminal the line says how much of how much.
        let shown = try await agent.atTerminal(
            ["restore", place, "--to", fleet.folder.appending(path: "shown.db").path] + options)
        #expect(shown.status == 0 && shown.text.contains("(100 %)") && shown.text.contains("\u{1b}[K"), "\(shown)")
    }
}
