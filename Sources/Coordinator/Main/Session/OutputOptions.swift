import ArgumentParser
import CoordinatorClient

/// How a listing is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case table, json
}

/// What every listing takes.
struct OutputOptions: ParsableArguments {
    @Option(name: [.customShort("o"), .customLong("format")], help: "table for people, json for scripts.")
    var format = OutputFormat.table

    /// Prints the value as JSON, or the lines that `render` makes of it.
    func show<Value: Encodable>(_ value: Value, _ terminal: Terminal, _ render: (Look) -> [String]) throws {
        switch format {
        case .json: try terminal.print(JSONText.of(value))
        case .table: try terminal.print(render(terminal.look))
        }
    }
}

/// One operator's command at work: where it speaks and whom it asks.
struct OperatorSession: Sendable {
    let terminal: Terminal
    let client: OperatorClient

    init() throws {
        terminal = Terminal()
        client = try OperatorContext.current().client()
    }
}
