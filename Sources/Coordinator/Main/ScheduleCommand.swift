import ArgumentParser
import CoordinatorClient
import Foundation
import Wire

struct ScheduleGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "When what is due.", subcommands: [ScheduleList.self, ScheduleNext.self])
}

struct ScheduleFilter: ParsableArguments {
    @Option(help: "Only those of this agent.", completion: Offered.agents) var agent: String?
    @Option(help: "Only those of this database.", completion: Offered.databases) var database: String?

    /// Those that are asked for. Throws `.notFound` when there is no such database; one that no policy selects has none.
    func schedules(_ client: OperatorClient) async throws -> [ScheduleView] {
        let found = try await client.schedules(agent: agent, database: database)
        if found.isEmpty, let database, try await client.databases(agent: agent, database: database).isEmpty {
            throw DatabaseShow.unknown(database, on: agent)
        }
        return found
    }
}

struct ScheduleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every schedule, resolved for its database.",
        discussion: "Example: holdfast schedule list --database inventorysync")

    @OptionGroup var filter: ScheduleFilter
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let schedules = try await filter.schedules(session.client)
        try output.show(schedules, session.terminal) { ScheduleRendering.lines(schedules, now: Date(), $0) }
    }
}

struct ScheduleNext: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next", abstract: "List what is due next, the soonest first.",
        discussion: "Example: holdfast schedule next --limit 5")

    @Option(help: "How many.") var limit = 20
    @OptionGroup var filter: ScheduleFilter
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be 1 or more") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let all = try await filter.schedules(session.client)
        let schedules = ScheduleRendering.soonest(all, atMost: limit)
        try output.show(schedules, session.terminal) { ScheduleRendering.lines(schedules, now: Date(), $0) }
    }
}
