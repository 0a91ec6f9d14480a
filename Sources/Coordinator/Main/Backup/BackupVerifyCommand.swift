import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

struct BackupVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read a backup's bytes again: SHA-256 and structure.",
        discussion: """
            Waits until it is done. Exit 0 when all are as they must be, 3 when bytes are not (the backup is damaged),
            5 when objects are gone, 13 when only a host that is offline could read it, 1 or another status when it could \
            not be found out. With --all, copies on hosts that are offline are named as not verified (exit 6).
            Examples:
              holdfast backup verify 7f3a90c2
              holdfast backup verify --all -o json
            """)

    @Argument(help: "Its id, or the beginning of it.") var id: String?
    @Flag(help: "Every good backup.") var all = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (id != nil) != all else { throw ValidationError("name one backup, or --all") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let started = if let id { try await session.client.verify(id) } else { try await session.client.verifyAll() }
        if started.isEmpty { session.terminal.say("no backups to verify") }
        if let first = started.first(where: { !$0.state.isOver }) {
            session.terminal.sayOnWaiting(
                "the verification", cancel: "holdfast operation cancel \(ShortID.text(first.id))")
        }
        let ended = try await Follow(client: session.client, terminal: session.terminal).operations(started)
        try output.show(ended, session.terminal) { RunRendering.lines(ended, $0) }
        for operation in ended where operation.state != .succeeded {
            let name = operation.backup.map(ShortID.text) ?? ""
            session.terminal.say("\(name): " + SafeText(OperationEnd.words(operation)).text, .bad)
        }
        let worst = ended.map(OperationEnd.status).max { OperationEnd.rank($0) < OperationEnd.rank($1) } ?? .ok
        guard worst == .ok else { throw ExitCode(worst.rawValue) }
    }
}
