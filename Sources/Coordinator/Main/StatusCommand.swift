import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the fleet at a glance: what is wrong first.",
        discussion: """
            Examples:
              holdfast status
              holdfast status --watch
              holdfast status --all            (everything, however long; on a terminal else one screen, and the rest counted)
              holdfast status -o json | jq '.databases[] | select(.state != "ok")'
            """)

    @OptionGroup var output: OutputOptions
    @Flag(help: "Show it again every two seconds, until interrupted.") var watch = false
    @Flag(help: "Show everything, also what is well, however much it is.") var all = false

    func run() async throws {
        let session = try OperatorSession()
        guard watch else {
            let status = try await session.client.status()
            try output.show(status, session.terminal) { lines(status, $0, session.terminal) }
            return
        }
        guard output.format == .table else { throw ValidationError("--watch is for people: leave out -o json") }
        while true {
            do {
                let status = try await session.client.status()
                try draw(lines(status, session.terminal.look, session.terminal), session.terminal)
            } catch let error as BackupError where error.code == .unreachable {
                let look = session.terminal.look
                try draw([look.tinted("NO ANSWER", .bad) + "   " + SafeText(error.description).text], session.terminal)
            }
            try await Task.sleep(for: session.terminal.outputIsTerminal ? .seconds(2) : .seconds(30))
        }
    }

    private func lines(_ status: StatusView, _ look: Look, _ terminal: Terminal) -> [String] {
        // The prompt takes a line too.
        StatusRendering(status: status, wellAtMost: all ? .max : 30, rows: all ? nil : terminal.rows.map { $0 - 1 })
            .lines(look)
    }

    private func draw(_ lines: [String], _ terminal: Terminal) throws {
        // Home, then erase: less flicker than clearing first. A pipe gets one view after the other.
        try terminal.print(
            terminal.outputIsTerminal ? ["\u{1b}[H\u{1b}[J" + (lines.first ?? "")] + lines.dropFirst() : lines + [""])
    }
}
