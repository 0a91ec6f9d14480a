import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct AgentGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "The hosts that joined.",
        subcommands: [AgentList.self, AgentShow.self, AgentAdmit.self, AgentResolve.self, AgentRevoke.self])
}

struct AgentList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List agents with their state.",
        discussion: """
            Examples:
              holdfast agent list
              holdfast agent list -o json | jq -r '.[] | select(.state == "offline").name'
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let agents = try await session.client.agents()
        try output.show(agents, session.terminal) { AgentRendering.lines(agents, now: Date(), $0) }
    }
}

struct AgentShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one agent in full.", discussion: "Example: holdfast agent show db-01")

    @Argument(help: "Its name or id.", completion: Offered.agents) var agent: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await session.client.agent(agent)
        try output.show(view, session.terminal) { AgentRendering.detail(view, now: Date(), $0) }
    }
}

struct AgentResolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Choose between two hosts that speak as one agent.",
        discussion: """
            A data directory that was copied makes two hosts one agent: nothing of either is taken until you choose. `holdfast \
            alert list -o json` names both with their hosts. The other is refused from then on: join it anew, with an empty \
            --data-dir.

            Example:
              holdfast agent resolve db-01 --keep 5f0c2f6a
            """)

    @Argument(help: "Its name or id.", completion: Offered.agents) var agent: String
    @Option(help: "The instance to go on with, or the first digits of it.") var keep: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await session.client.resolveAgent(agent, keep: keep)
        try output.show(view, session.terminal) { AgentRendering.detail(view, now: Date(), $0) }
    }
}

struct AgentRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Refuse an agent from its next request on, for good. Its backups stay.",
        discussion: """
            Its databases are watched no longer, and its key is refused for good. Its name is free: a new host that joins under \
            it has its databases and backups. (A host that is trusted and was only built anew: `holdfast token create \
            --replace`.) It asks for the name; --yes confirms where nobody can be asked.

            Example:
              holdfast agent revoke db-01
            """)

    @Argument(help: "Its name or id.", completion: Offered.agents) var agent: String
    @Flag(help: "Do not ask.") var yes = false

    func run() async throws {
        let session = try OperatorSession()
        guard yes || session.terminal.isInteractive else {
            throw BackupError(.usage, "nobody is there to ask: confirm it with --yes")
        }
        if !yes {
            let view = try await session.client.agent(agent)
            let name = SafeText(view.name).text
            let question =
                "\(name)'s key is refused for good, and its databases (\(view.databases.count)) are watched no longer. Type \(name) to go on:"
            guard session.terminal.ask(question) == name else { throw BackupError(.cancelled, "nothing was revoked") }
        }
        try await session.client.revokeAgent(agent)
        session.terminal.say("revoked agent \(SafeText(agent).text): it is refused from its next request on")
    }
}
