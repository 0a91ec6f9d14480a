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
              holdfast backup verify --path /var/backups/holdfast/db-01/database-backups/inventorysync_db_daily_20260115_020000.sql.gz
              holdfast backup verify --all -o json
            """)

    @Argument(help: "Its id, or the beginning of it.", completion: Offered.backups) var backup: String?
    @Option(
        name: [.customLong("path"), .customLong("backup-path")],
        help:
            "Instead of the id, one of its objects or its manifest: s3://bucket/key, a path on its host, or the file's name."
    )
    var path: String?
    @Flag(help: "Every good backup.") var all = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [backup != nil, path != nil, all].count(where: \.self) == 1 else {
            throw ValidationError("name one backup, by its id or with --path, or --all")
        }
    }

    func run() async throws {
        let session = try OperatorSession()
        let id = try await id(session)
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
    /// nil for all of them.
    private func id(_ session: OperatorSession) async throws -> String? {
        guard let named = path.map(BackupByPath.asPath) ?? backup, BackupByPath.isPath(named) else { return backup }
        let found = try await BackupByPath(client: session.client).backup(
            named,
            otherwise:
                "of what the catalog does not know, the manifest beside it has the SHA-256 that `sha256sum` must say")
        return ShortID.full(found.id)
    }
}
