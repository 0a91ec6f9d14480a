import ArgumentParser
import CoordinatorClient
import Foundation
import Wire

struct AlertGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert", abstract: "What is wrong, and who was told.",
        subcommands: [AlertList.self, AlertShow.self, AlertAck.self, AlertTest.self])
}

struct AlertList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List open alerts, newest first.",
        discussion: """
            Examples:
              holdfast alert list
              holdfast alert list --agent db-01
              holdfast alert list --all --before 1200 -o json
            """)

    @Flag(help: "Those that are resolved too.") var all = false
    @Option(help: "Only of this agent.", completion: Offered.agents) var agent: String?
    @Option(help: "Only older ones than the alert of this number.") var before: Int64?
    @Option(help: "At most so many, up to \(most).") var limit = 200
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...Self.most).contains(limit) else { throw ValidationError("--limit must be 1 to \(Self.most)") }
    }

    /// One fewer than the coordinator gives at once: one more than is shown says whether there are more.
    private static let most = 999

    func run() async throws {
        let session = try OperatorSession()
        let found = try await session.client.alerts(
            includeResolved: all, agent: agent, before: before, limit: limit + 1)
        let incidents = Array(found.prefix(limit))
        if found.count > limit, let last = incidents.last {
            session.terminal.say("only \(limit) are listed: see the next with --before \(last.id)")
        }
        try output.show(incidents, session.terminal) { IncidentRendering.table(incidents, now: Date(), $0) }
    }
}

struct AlertShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one alert in full: cause, next step, who was told when, who knows of it.",
        discussion: "Example: holdfast alert show 12")

    @Argument(help: "Its number, as `holdfast alert list` shows it.", completion: Offered.alerts) var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let incident = try await session.client.alert(id)
        try output.show(incident, session.terminal) { IncidentRendering.detail(incident, now: Date(), $0) }
    }
}

struct AlertAck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Say that an alert is known.",
        discussion: """
            What is wrong stays listed until it is mended, but retention no longer rests for it. An alert that only asks to \
            be looked at (a database that shrank, one that is empty) is over by it.

            Example:
              holdfast alert ack 12
            """)

    @Argument(help: "Its number, as `holdfast alert list` shows it.", completion: Offered.alerts) var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let incident = try await session.client.acknowledgeAlert(id)
        try output.show(incident, session.terminal) { _ in
            ["acknowledged: \(SafeText(incident.title).text)" + (incident.resolvedAt == nil ? "" : "; it is over")]
        }
    }
}

struct AlertTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test message to every channel now; exit 1 when one is not delivered.",
        discussion: "Example: holdfast alert test")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let tests = try await session.client.testAlerts()
        try output.show(tests, session.terminal) { IncidentRendering.tests(tests, $0) }
        if tests.isEmpty, output.format == .json { session.terminal.say(IncidentRendering.noChannel) }
        guard !tests.isEmpty, tests.allSatisfy(\.delivered) else { throw ExitCode(1) }
    }
}
