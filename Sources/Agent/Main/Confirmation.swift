import Domain
import Foundation
import Glibc

/// What a person is asked before something that exists is replaced.
enum Confirmation {
    /// Returns once `name` was typed. Throws `.cancelled` when something else was, and `.usage` when nobody can be asked.
    static func typed(_ name: String) throws(BackupError) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw BackupError(
                .usage,
                "--force would replace \(name), and nobody is there to ask: confirm it with --yes, or leave out --force to "
                    + "restore beside")
        }
        say("This replaces \(name). Type \(name) to go on:")
        guard readLine()?.trimmingCharacters(in: .whitespaces) == name else {
            throw BackupError(.cancelled, "nothing was restored")
        }
    }

    /// The same before something is removed.
    static func removal(of name: String) throws(BackupError) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw BackupError(.usage, "nobody is there to ask: confirm it with --force")
        }
        say("Type \(name) to go on:")
        guard readLine()?.trimmingCharacters(in: .whitespaces) == name else {
            throw BackupError(.cancelled, "nothing was removed")
        }
    }
}
