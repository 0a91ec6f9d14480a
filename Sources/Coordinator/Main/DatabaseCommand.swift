import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct DatabaseGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "What is backed up.",
        subcommands: [DatabaseList.self, DatabaseShow.self, DatabaseRetire.self])
}

struct DatabaseList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List databases with how their protection stands.",
        discussion: """
            Examples:
              holdfast database list
              holdfast database list --agent db-01 -o json
            """)

    @Option(help: "Only those of this agent.", completion: Offered.agents) var agent: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let databases = try await session.client.databases(agent: agent)
        try output.show(databases, session.terminal) { DatabaseRendering.lines(databases, now: Date(), $0) }
    }
}

struct DatabaseRetire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "No longer tell of a database that is meant to be backed up no more.",
        discussion: """
            For one that its agent no longer declares, or that no policy selects. Its backups stay until retention or you delete them.

            Example:
              holdfast database retire oldshop --agent db-01
            """)

    @Argument(help: "Its name.", completion: Offered.databases) var database: String
    @Option(help: "Its agent, when several have a database of that name.", completion: Offered.agents) var agent:
        String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let one = try await DatabaseShow.one(database, on: agent, session.client)
        let view = try await session.client.retireDatabase(database, on: one.agent)
        try output.show(view, session.terminal) { _ in
            ["retired \(SafeText(view.name.rawValue).text) on \(SafeText(view.agent).text): it is told of no longer"]
        }
    }
}

struct DatabaseShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one database in full.",
        discussion: "Example: holdfast database show inventorysync --agent db-01")

    @Argument(help: "Its name.", completion: Offered.databases) var database: String
    @Option(help: "Its agent, when several have a database of that name.", completion: Offered.agents) var agent:
        String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await Self.one(database, on: agent, session.client)
        try output.show(view, session.terminal) { DatabaseRendering.detail(view, now: Date(), $0) }
    }

    /// The one database of that name. Throws `.notFound` when there is none, `.usage` when several agents have one.
    static func one(
        _ database: String, on agent: String?, _ client: OperatorClient
    ) async throws -> DatabaseView {
        let found = try await client.databases(agent: agent, database: database)
        guard let view = found.first else { throw unknown(database, on: agent) }
        guard found.count == 1 else {
            let agents = found.map(\.agent).joined(separator: ", ")
            throw BackupError(.usage, "'\(database)' is on several agents: name one with --agent (\(agents))")
        }
        return view
    }

    static func unknown(_ database: String, on agent: String?) -> BackupError {
        let place = agent.map { " on \($0)" } ?? ""
        return BackupError(.notFound, "no database is called '\(database)'\(place); see `holdfast database list`")
    }
}
