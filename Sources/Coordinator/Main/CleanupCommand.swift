import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

struct Cleanup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete the backups that their policies no longer keep.",
        discussion: """
            Shows what is kept and what goes, each with its reason, and asks. What was shown is what is done: if the plan
            has changed in between, nothing is deleted.
            Examples:
              holdfast cleanup --dry-run
              holdfast cleanup --force
            """)

    @Flag(help: "Only show what would be deleted.") var dryRun = false
    @Flag(help: "Do not ask.") var force = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let terminal = session.terminal
        let plan = try await session.client.cleanupPlan()
        if dryRun {
            try output.show(plan, terminal) { CleanupRendering.lines(plan, $0) }
            return
        }
        guard force || terminal.isInteractive else {
            throw BackupError(.usage, "nobody is there to ask: look at `holdfast cleanup --dry-run`, then use --force")
        }
        switch output.format {
        case .table: try terminal.print(CleanupRendering.lines(plan, terminal.look))
        case .json: terminal.say([CleanupRendering.summary(plan)] + CleanupRendering.staying(plan.stays))
        }
        if let why = plan.suspended { throw BackupError(.busy, "retention is suspended, nothing was deleted: \(why)") }
        guard plan.items.contains(where: \.delete) else {
            if output.format == .json {
                try terminal.print(JSONText.of(CleanupResult(deleted: [], pending: [], stays: [], bytesFreed: 0)))
            }
            return
        }
        if !force {
            let answer = terminal.ask("Type YES to delete them:")
            guard answer == "YES" else {
                let hint = answer?.uppercased() == "YES" ? ": type it in capitals, YES" : ""
                throw BackupError(.cancelled, "nothing was deleted" + hint)
            }
        }
        let result = try await session.client.cleanup(CleanupRequest(digest: plan.digest))
        try output.show(result, terminal) { _ in CleanupRendering.lines(result) }
    }
}
