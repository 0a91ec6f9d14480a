import ArgumentParser
import Daemon
import Domain
import Foundation
import Glibc

/// How the program ends: one line about what went wrong, and the exit status that says it to scripts.
enum ProgramEnd {
    /// For what the command line itself got wrong, and for `--help` and `--version`.
    static func parsing<Command: ParsableCommand>(_ error: any Error, of command: Command.Type) -> Never {
        let text = command.fullMessage(for: error)
        if command.exitCode(for: error) == .success {
            write(text, to: .standardOutput)
            exit(ExitStatus.ok.rawValue)
        }
        if !CompletionWord.isAskedFor { write(text, to: .standardError) }
        exit(ExitStatus.usage.rawValue)
    }

    /// For what a command threw.
    static func running<Command: ParsableCommand>(_ error: any Error, of command: Command.Type) -> Never {
        switch error {
        case let code as ExitCode: exit(code.rawValue)
        case let error as BackupError:
            write(
                (["holdfast: " + SafeText(error.description).text] + hint(for: error)).joined(separator: "\n"),
                to: .standardError)
            exit(ExitStatus(error).rawValue)
        case is CancellationError: exit(ExitStatus(error).rawValue)
        // Help, and a command's own word about its arguments, are thrown by its run.
        case _ where [.success, .validationFailure].contains(command.exitCode(for: error)): parsing(error, of: command)
        default:
            write("holdfast: " + SafeText("\(error)").text, to: .standardError)
            exit(ExitStatus.failed.rawValue)
        }
    }

    private static func hint(for error: BackupError) -> [String] {
        switch error.code {
        case .unreachable: ["Is `holdfast serve` running there, and is HOLDFAST_URL (or the context file) right?"]
        // With a cause it is the connection that is not trusted, and the words say so.
        case .forbidden where error.cause == nil:
            ["The token may be revoked, or its role too small for this; see HOLDFAST_TOKEN."]
        default: []
        }
    }

    private static func write(_ text: String, to handle: FileHandle) {
        // The process ends either way.
        try? handle.write(contentsOf: Data((text + "\n").utf8))
    }
}
