import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// What is backed up no longer stays in sight until somebody says that it is meant (C11).
@Suite(.timeLimit(.minutes(5))) struct VanishedDatabaseTests {
    @Test func whatVanishedOrIsUnselectedIsCriticalAfterADayUntilItIsRetired() async throws {
        let clock = try await MovedClock()
        defer { clock.stop() }
        let fleet = try await Fleet(environment: clock.environment)
        defer { fleet.stop() }
        try await fleet.applyLocally(
            policies: """
                  kept:
                    selector: { env: prod, backup: "yes" }
                    tiers: { daily: { schedule: "0 0 29 2 *", keep: 30d } }
                """)
        for name in ["shop", "attic", "stray"] { try await fleet.sqlite("\(name).db", "CREATE TABLE t (x)") }
        func line(_ name: String, _ labels: String) -> String {
            "  - { name: \(name), sqlite: \(fleet.folder.path)/\(name).db, labels: { env: dev\(labels) } }\n"
        }
        let attic = line("attic", #", backup: "yes""#)
        // The host says that it is `dev`, and whoever let it in says `prod`.
        let agent = try fleet.host(
            "db-01", in: "db-01", "databases:\n" + line("shop", #", backup: "yes""#) + attic + line("stray", ""),
            environment: clock.environment,
            joinString: try await fleet.joinString("--url", fleet.url, "--label", "env=prod"))
        try await agent.command("join", agent.joinString, "--name", "db-01")
        defer { agent.kill() }
        try agent.start()
        try await fleet.knows(3)
        for name in ["shop", "attic"] { #expect(try await fleet.backUp(["--database", name]).status == 0) }
        let shop = try #require(try await fleet.database("shop"))
        #expect(shop.labels["env"] == "prod" && shop.policies == ["kept"] && shop.state == .ok)
        #expect(try await fleet.database("stray")?.state == .unprotected)
        let unselected = try await fleet.run("check")
        #expect(unselected.status == 1 && unselected.text.contains("1 unprotected"), "\(unselected.text)")

        let file = agent.folder.appending(path: "agent.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains(attic))
        try Data(text.replacing(attic, with: "").utf8).write(to: file)
        kill(try #require(agent.pid), SIGHUP)
        try await eventually("it is gone, and still there to be seen") {
            try await fleet.database("attic")?.state == .gone ? true : nil
        }
        let gone = try await fleet.run("check")
        #expect(gone.status == 1 && gone.text.contains("1 gone"), "\(gone.text)")
        #expect(try await fleet.alerts().isEmpty)

        // A day goes by, in steps in which a clock is believed.
        for hours in [1, 15, 27] { try await fleet.restart(clock, ahead: TimeInterval(hours) * 3600) }
        let check = try await fleet.run("check")
        #expect(check.status == 2 && check.text.hasPrefix("HOLDFAST CRITICAL"), "\(check.text)")
        let alerts = try await fleet.alerts().filter { $0.kind == "gone" }
        #expect(Set(alerts.compactMap(\.database)) == ["attic", "stray"])
        #expect(alerts.allSatisfy { $0.severity == "critical" })
        #expect(alerts.contains { $0.title.contains("attic on db-01 is no longer declared by its agent") })
        #expect(alerts.contains { $0.title.contains("stray on db-01 is selected by no policy") })
        #expect(try await fleet.database("attic")?.state == .gone)

        // What is backed up is not retired by mistake.
        #expect(try await fleet.run("database", "retire", "shop", "--agent", "db-01").status == 2)
        for name in ["attic", "stray"] { try await fleet.holdfast("database", "retire", name) }
        let listed = try await fleet.run("database", "list")
        #expect(listed.text.split(separator: "\n").count { $0.contains("retired: its backups stay") } == 2, "\(listed)")
        #expect(try await fleet.alerts().contains { $0.kind == "gone" } == false)
        let shown = try await fleet.list(StatusView.self, "status").databases.map(\.name.rawValue)
        #expect(shown == ["shop"])
        try await eventually("all is well") { try await fleet.run("check").status == 0 ? true : nil }
        // Its backups stay.
        #expect(try await fleet.backups().contains { $0.database.rawValue == "attic" && $0.state == .good })
    }
}
