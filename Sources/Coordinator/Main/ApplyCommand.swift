import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Wire

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declare destinations, policies and alert routes: shows the difference, applies all or nothing.",
        discussion: """
            Examples:
              holdfast apply -f fleet.yaml --dry-run
              holdfast apply -f fleet.yaml
            """)

    @Option(
        name: [.customShort("f"), .customLong("file")], help: "The file; - for standard input.", completion: .file())
    var file: String
    @Flag(help: "Only show the difference.") var dryRun = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let request = ApplyRequest(yaml: try text(), fileName: file == "-" ? "standard input" : file, dryRun: dryRun)
        let result = try await session.client.apply(request)
        try output.show(result, session.terminal) { ApplyRendering.lines(result, $0) }
        session.terminal.say(result.warnings.map { "warning: " + SafeText($0).text })
        switch (result.changes.isEmpty, result.applied) {
        case (true, _): session.terminal.say("no change: the fleet is already as \(request.fileName) declares it")
        case (false, true): session.terminal.say("applied: \(CountText.of(result.changes.count, "change"))", .good)
        case (false, false): session.terminal.say("dry run: nothing was applied")
        }
    }

    private func text() throws -> String {
        let remedy = "name the file that declares the fleet with -f, or - for standard input"
        return file == "-"
            ? try GivenFile.standardInput(.usage, remedy: remedy) : try GivenFile.text(file, .usage, remedy: remedy)
    }
}
