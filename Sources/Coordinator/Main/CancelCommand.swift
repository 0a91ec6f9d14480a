import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

struct RunGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "A backup that is being made.", subcommands: [RunCancel.self])
}

struct RunCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop a backup that is queued or being made.",
        discussion: """
            Its host stops it, removes what it had begun to store, and reports it as cancelled; one that its host has not taken \
            yet ends at once. One that has ended already stays as it is. Waits until it has ended; exit 0 when it was \
            cancelled, 1 when it ended otherwise.
            The id stands in the column RUN of what `holdfast backup create` prints, and in `holdfast status -o json`.

            Example:
              holdfast run cancel 018f3a6e
            """)

    @Argument(help: "Its id, or the beginning of it.", completion: Offered.runs) var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let asked = try await session.client.cancelRun(id)
        let ended = try await Follow(client: session.client, terminal: session.terminal).runs([asked])
        try output.show(ended, session.terminal) { RunRendering.lines(ended, $0) }
        for failure in RunRendering.failures(ended) { session.terminal.say(failure) }
        guard ended.allSatisfy({ $0.state == .cancelled }) else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

struct OperationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operation", abstract: "A verification or a restore that goes on.",
        subcommands: [OperationCancel.self])
}

struct OperationCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Stop a verification or a restore.",
        discussion: """
            Whoever is at it, the coordinator or a host, stops; what a restore had loaded by then has a name of its own and \
            replaces nothing. One that has ended already stays as it is. Waits until it has ended; exit 0 when it was \
            cancelled, 1 when it ended otherwise.
            The id is said by `holdfast backup verify` and `holdfast restore` when they begin to wait.

            Example:
              holdfast operation cancel 5b0c91d2
            """)

    @Argument(help: "Its id, or the beginning of it.") var id: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let asked = try await session.client.cancelOperation(id)
        let ended = try await Follow(client: session.client, terminal: session.terminal).operations([asked])
        try output.show(ended, session.terminal) { RunRendering.lines(ended, $0) }
        guard ended.allSatisfy({ $0.state == .cancelled }) else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
