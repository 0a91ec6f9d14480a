import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct AgentGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "The hosts that joined.",
        subcommands: [AgentList.self, AgentShow.self, AgentRevoke.self])
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

    @Argument(help: "Its name or id.") var agent: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await session.client.agent(agent)
        try output.show(view, session.terminal) { AgentRendering.detail(view, now: Date(), $0) }
    }
}

struct AgentRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Refuse an agent from its next request on. Its backups stay.",
        discussion: "Example: holdfast agent revoke db-01")

    @Argument(help: "Its name or id.") var agent: String

    func run() async throws {
        let session = try OperatorSession()
        try await session.client.revokeAgent(agent)
        session.terminal.say("revoked agent \(SafeText(agent).text): it is refused from its next request on")
    }
}
