import ArgumentParser
import CoordinatorClient
import Foundation
import Wire

struct BackupUnpin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Let retention decide over a backup that was adopted.",
        discussion: """
            What `holdfast-agent adopt` took in is pinned: it is never deleted by itself. From now on it is, as the manual backups of its policy \
            are.

            Example:
              holdfast backup unpin 1a2b
            """)

    @Argument(help: "Id of the backup, or its beginning.") var backup: String
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let view = try await session.client.unpin(backup)
        try output.show(view, session.terminal) { _ in
            [
                "backup \(view.id.uuidString.lowercased()) is not pinned any more; `holdfast cleanup` says what becomes of it"
            ]
        }
    }
}
