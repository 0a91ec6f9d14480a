import Domain
import Foundation
import TestSupport
import Testing
import Wire

/// A failed run and a killed agent reach the Slack stand-in and a real mailbox; no secret goes with them.
@Suite(.timeLimit(.minutes(10))) struct AlertTests {
    @Test func aFailedRunAndADeadAgentAreTold() async throws {
        let sinks = try AlertSinks(slackAnswers: "500,429")
        defer { sinks.stop() }
        let fleet = try await Fleet()
        defer { fleet.stop() }
        // An agent that lives backs up every minute, and so is never behind by an objective of 120 seconds.
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies:
              all: { tiers: { hourly: { schedule: "* * * * *", keep: 48h } }, destinations: [local], rpo: 120s }
            \(sinks.yaml)
            """)
        let database = fleet.folder.appending(path: "dev.db")
        let agent = try await fleet.join("db-01", "databases:\n  - { name: devdb, sqlite: \(database.path) }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        #expect(try await fleet.run("backup", "create", "--wait").status != 0)
        let told = try await eventually("Slack hears of the failure", within: .seconds(90)) {
            try sinks.posts().first { $0.answered == 200 }
        }
        #expect(told.color == "danger")
        #expect(told.title.contains("devdb") && told.title.contains("failed"))
        #expect(told.fields["Host"] == "db-01" && told.fields["Database"] == "devdb")
        #expect(told.fields["Environment"] != nil && told.fields["Error"]?.isEmpty == false)
        try await eventually("the mailbox has the failure", within: .seconds(90)) {
            try sinks.mails().contains { $0.contains("devdb") && $0.contains("failed") } ? true : nil
        }

        try await mend(database, fleet)

        // A dead agent cannot look healthy: the coordinator itself reckons that the backup never came.
        agent.kill()
        let (posts, mails) = (try sinks.posts().count, try sinks.mails().count)
        #expect(try await fleet.list([DatabaseView].self, "database", "list").map(\.state) == [.ok])
        async let verified = fleet.run("backup", "verify", "--all")
        try await eventually("Slack hears that it is overdue", within: .seconds(300)) {
            try sinks.posts().dropFirst(posts).contains {
                $0.answered == 200 && $0.color == "danger" && $0.title.contains("overdue")
                    && $0.fields["Host"] == "db-01" && $0.fields["Database"] == "devdb"
            } ? true : nil
        }
        try await eventually("the mailbox hears that it is overdue", within: .seconds(60)) {
            try sinks.mails().dropFirst(mails).contains {
                $0.contains("overdue") && $0.contains("Host: db-01") && $0.contains("Database: devdb")
            } ? true : nil
        }
        #expect(try await fleet.list([DatabaseView].self, "database", "list").map(\.state) == [.overdue])
        // Who waits for the dead host hears of it as soon as it is known, long before a verification may have ended by itself.
        let output = try await verified
        #expect(output.status != 0, "\(output)")
        #expect(output.text.contains("db-01") && (output.text + output.error).contains("offline"), "\(output)")
        #expect(try sinks.mails().allSatisfy { !$0.contains("CANARY") })
        #expect(try !String(contentsOf: fleet.log, encoding: .utf8).contains("CANARY"))
    }

    /// One address of three that its server does not know keeps nothing from the others, and is named.
    @Test func aDeadAddressSilencesNobody() async throws {
        let (dead, others) = ("gone@example.com", ["ops@example.com", "boss@example.com"])
        let sinks = try AlertSinks(recipients: [others[0], dead, others[1]], refused: [dead])
        defer { sinks.stop() }
        let fleet = try await Fleet()
        defer { fleet.stop() }
        try await fleet.apply(
            """
            destinations: { local: { directory: \(fleet.local.path) } }
            policies: { all: { tiers: { daily: { keep: 30d } }, destinations: [local] } }
            \(sinks.yaml)
            """)
        let tested = try await fleet.run("alert", "test")
        #expect(tested.status != 0)
        #expect((tested.text + tested.error).contains("email to \(dead)"), "\(tested)")
        #expect((tested.text + tested.error).contains("550"), "\(tested)")
        #expect(try sinks.mails().count == 2)
        let agent = try await fleet.join(
            "db-01", "databases:\n  - { name: devdb, sqlite: \(fleet.folder.path)/none.db }\n")
        defer { agent.kill() }
        try agent.start()
        try await eventually("databases are known") {
            try await fleet.list([DatabaseView].self, "database", "list").isEmpty ? nil : true
        }
        #expect(try await fleet.run("backup", "create", "--wait").status != 0)
        try await eventually("both others have the failure", within: .seconds(60)) {
            try sinks.mails().filter { $0.contains("devdb") && $0.contains("failed") }.count == 2 ? true : nil
        }
        try await eventually("the one that hears nothing is named", within: .seconds(90)) {
            try await fleet.run("status").text.contains("email to \(dead)") ? true : nil
        }
        #expect(try await !fleet.run("status").text.contains("email to \(others[0])"))
    }

    /// Gives the database its file; returns when a good backup has ended every incident, and all that was to be told of
    /// them is told: what comes afterwards has another cause.
    private func mend(_ database: URL, _ fleet: Fleet) async throws {
        let made = try await ProgramOutput.of(
            "sqlite3", [database.path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)"])
        #expect(made.status == 0, "\(made.error)")
        try await eventually("a good backup") {
            try await fleet.run("backup", "create", "--wait").status == 0 ? true : nil
        }
        try await eventually("no incident is open, nothing waits to be told", within: .seconds(90)) {
            let all = try await fleet.list([IncidentView].self, "alert", "list", "--all")
            return !all.isEmpty
                && all.allSatisfy { $0.resolvedAt != nil && $0.deliveries.allSatisfy { $0.state == "sent" } }
                ? true : nil
        }
    }
}
