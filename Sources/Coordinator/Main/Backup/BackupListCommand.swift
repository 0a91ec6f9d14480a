import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct BackupList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List backups, newest first.",
        discussion: """
            Examples:
              holdfast backup list --database inventorysync
              holdfast backup list --tier daily -o json | jq -r '.[0].id'
              holdfast backup list --at "yesterday 14:30"       (of each database the last good one from before)
              holdfast backup list --since 2d --state damaged

            Times are of the data, in UTC: 2026-01-15T02:00:00Z, "2026-01-15 02:00", 14:30 (today), "yesterday 14:30", or a span \
            that is over (2h, 3d).
            """)

    @Option(name: [.customLong("tier"), .customLong("backup-type")], help: "Only of this tier.") var tier: Tier?
    @Option(help: "Only of this database.", completion: Offered.databases) var database: String?
    @Option(help: "Only of this agent.", completion: Offered.agents) var agent: String?
    @Option(help: "Only in this state: good, partial, damaged, missing, deleting.") var state: BackupState?
    @Option(help: "Only with data of this time or later.") var since: TimeArgument?
    @Option(help: "Only with data of before this time.") var before: TimeArgument?
    @Option(
        help: "Of each database the newest backup with a whole copy that was complete by then: nothing in it is later.")
    var at: TimeArgument?
    @Option(help: "At most so many.") var limit = 1000
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard at == nil || (since == nil && before == nil && state == nil) else {
            throw ValidationError(
                "--at finds one backup of each database: leave out --since, --before and --state")
        }
        guard (1..<Self.most).contains(limit) else { throw ValidationError("--limit must be 1 to \(Self.most - 1)") }
    }

    /// What one answer of the coordinator holds.
    private static let most = 100_000

    func run() async throws {
        let session = try OperatorSession()
        // One more than is shown says whether there are more.
        let found = try await session.client.backups(
            BackupQuery(
                tier: tier, database: database, agent: agent, state: state, since: since?.time, before: before?.time,
                at: at?.time, limit: limit + 1))
        if let moment = at?.time, moment > Date() {
            session.terminal.say("\(Quantity.time(moment)) is still to come: the newest of all is listed", .warning)
        }
        // A typo must not look like lost backups.
        if found.isEmpty, let database,
            try await session.client.databases(agent: agent, database: database).isEmpty
        {
            throw DatabaseShow.unknown(database, on: agent)
        }
        let backups = Array(found.prefix(limit))
        if found.count > limit {
            session.terminal.say("only the newest \(limit) are listed: see more with --limit, or narrow the list")
        }
        try output.show(backups, session.terminal) { BackupRendering.lines(backups, now: Date(), $0) }
    }
}

struct BackupShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one backup in full: objects, copies, and how to restore it with stock tools.",
        discussion: "Example: holdfast backup show 7f3a90c2")

    @Argument(help: "Its id, or the beginning of it.", completion: Offered.backups) var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let detail = try await session.client.backup(id)
        try output.show(detail, session.terminal) { BackupRendering.detail(detail, now: Date(), $0) }
    }
}
