import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One line for a monitoring system; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
        discussion: """
            Example of a service definition: check_command  /usr/bin/holdfast check
            That the coordinator does not answer is UNKNOWN: what became of the backups is then not known.
            """)

    func run() async throws {
        let terminal = Terminal()
        do {
            let check = try await OperatorContext.current().client().check()
            try terminal.print(SafeText(check.line).text)
            throw ExitCode(Int32((0...3).contains(check.level) ? check.level : 3))
        } catch let error as BackupError {
            try terminal.print("HOLDFAST UNKNOWN - " + SafeText(error.description).text)
            throw ExitCode(3)
        }
    }
}

struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in words whether all is well; exits as `check` does.",
        discussion: """
            Example:
              holdfast health && echo "backups are fine"
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session: OperatorSession
        let check: CheckView
        let status: StatusView
        do {
            session = try OperatorSession()
            check = try await session.client.check()
            status = try await session.client.status()
        } catch let error as BackupError {
            try Terminal().print("HOLDFAST UNKNOWN - " + SafeText(error.description).text)
            throw ExitCode(3)
        }
        try output.show(check, session.terminal) { look in
            [StatusVerdict(status).head(status.totals, look)]
                + IncidentRendering.open(status, look) + [SafeText(check.line).text]
        }
        throw ExitCode(Int32((0...3).contains(check.level) ? check.level : 3))
    }
}
