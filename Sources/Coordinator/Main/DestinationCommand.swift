import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct DestinationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination", abstract: "Where backups go.", subcommands: [DestinationShow.self])
}

struct DestinationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what is known of a store, and which promises hold there.",
        discussion: """
            The coordinator finds it by small objects below .holdfast/probe/, at the first use and weekly; `ways` of a destination in \
            fleet.yaml stands before it.

            Examples:
              holdfast destination show
              holdfast destination show offsite -o json
            """)

    @Argument(help: "Its name; all of them without.", completion: Offered.destinations) var name: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let all = try await session.client.destinations()
        let shown = all.filter { name == nil || $0.name == name }
        if let name, shown.isEmpty { throw BackupError(.notFound, "no destination is called \(name)") }
        try output.show(shown, session.terminal) { DestinationRendering.lines(shown, now: Date(), $0) }
    }
}
