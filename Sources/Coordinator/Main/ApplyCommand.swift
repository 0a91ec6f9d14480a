import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
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

    private static let limit = 4 << 20

    func run() async throws {
        let session = try OperatorSession()
        let request = ApplyRequest(yaml: try text(), fileName: file == "-" ? "standard input" : file, dryRun: dryRun)
        let result = try await session.client.apply(request)
        try output.show(result, session.terminal) { ApplyRendering.lines(result, $0) }
        session.terminal.say(result.warnings.map { "warning: " + SafeText($0).text })
        switch (result.changes.isEmpty, result.applied) {
        case (true, _): session.terminal.say("no change: the fleet is already as \(request.fileName) declares it")
        case (false, true): session.terminal.say("applied: \(Quantity.count(result.changes.count, "change"))", .good)
        case (false, false): session.terminal.say("dry run: nothing was applied")
        }
    }

    private func text() throws -> String {
        let data: Data
        do {
            let handle = file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: file))
            data = try handle.read(upToCount: Self.limit + 1) ?? Data()
        } catch {
            throw BackupError(.usage, "reading \(file)", cause: error)
        }
        guard data.count <= Self.limit else { throw BackupError(.usage, "\(file) is larger than 4 MiB") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw BackupError(.usage, "\(file) is not UTF-8 text")
        }
        return text
    }
}
