import ArgumentParser
import Daemon
import Foundation
import Glibc

/// How the program ends: one line about what went wrong on stderr, and the exit status that says it to scripts.
enum ProgramEnd {
    /// For what the command line itself got wrong (2), and for `--help` and `--version` (0).
    static func parsing(_ error: any Error) -> Never {
        let isFine = Program.exitCode(for: error) == .success
        let text = Program.fullMessage(for: error)
        if isFine { print(text) } else if !CompletionWord.isAskedFor { say(text) }
        exit(isFine ? ExitStatus.ok.rawValue : ExitStatus.usage.rawValue)
    }

    /// For what a command threw.
    static func running(_ error: any Error) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        // Help is thrown by the run of a command that has subcommands.
        if Program.exitCode(for: error) == .success { parsing(error) }
        say("holdfast-agent: \(error)")
        exit(ExitStatus(error).rawValue)
    }
}

/// Talk goes to stderr; stdout is for data.
func say(_ line: String) {
    // That nobody hears it is no reason to fail.
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}
