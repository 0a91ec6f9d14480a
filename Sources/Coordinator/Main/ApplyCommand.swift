import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Wire

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declare destinations, policies and alert routes: shows the difference, applies all or nothing.",
        discussion: """
            Where backups become deletable that are kept now (another `keep`, a policy that goes), they are shown, and nothing \
            is applied until you type YES, or with --yes.

            Examples:
              holdfast apply -f fleet.yaml --dry-run
              holdfast apply -f fleet.yaml
            """)

    @Option(
        name: [.customShort("f"), .customLong("file")], help: "The file; - for standard input.", completion: .file())
    var file: String
    @Flag(help: "Only show the difference.") var dryRun = false
    @Flag(help: "Do not ask when backups become deletable.") var yes = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        var request = ApplyRequest(
            yaml: try text(), fileName: file == "-" ? "standard input" : file, dryRun: dryRun, acceptsDeletions: yes)
        var result = try await session.client.apply(request)
        if !result.applied, !dryRun {
            try confirm(result, session.terminal)
            request.acceptsDeletions = true
            result = try await session.client.apply(request)
        }
        try output.show(result, session.terminal) { ApplyRendering.lines(result, $0) }
        session.terminal.say(result.warnings.map { "warning: " + SafeText($0).text })
        switch (result.changes.isEmpty, result.applied) {
        case (true, _): session.terminal.say("no change: the fleet is already as \(request.fileName) declares it")
        case (false, true): session.terminal.say("applied: \(CountText.of(result.changes.count, "change"))", .good)
        case (false, false): session.terminal.say("dry run: nothing was applied")
        }
    }

    /// What goes for good needs a person's word.
    private func confirm(_ result: ApplyView, _ terminal: Terminal) throws {
        terminal.say(ApplyRendering.lines(result, terminal.talkLook))
        guard terminal.isInteractive else {
            throw BackupError(
                .usage,
                "backups become deletable by this, and nobody is there to ask: nothing was applied. Look at it with --dry-run, "
                    + "then confirm it with --yes")
        }
        let answer = terminal.ask("These backups become deletable. Type YES to apply it:")
        guard answer == "YES" else {
            let hint = answer?.uppercased() == "YES" ? ": type it in capitals, YES" : ""
            throw BackupError(.cancelled, "nothing was applied" + hint)
        }
    }

    private func text() throws -> String {
        let remedy = "name the file that declares the fleet with -f, or - for standard input"
        return file == "-"
            ? try GivenFile.standardInput(.usage, remedy: remedy) : try GivenFile.text(file, .usage, remedy: remedy)
    }
}
