import Domain
import Foundation

/// Turns what PostgreSQL's tools say into an error with a code: another try may help (the server is away, a lock was not
/// given) or will not (password, rights, no such database).
enum PostgresFailure {
    static func error(doing: String, _ ending: ChildProcess.Ending) -> BackupError {
        let words = ending.standardError
        let how =
            switch ending.status {
            case .exited(let code): "exit status \(code)"
            case .killed(let signal): "killed by signal \(signal)"
            }
        let said = oneLine(words)
        let pooler =
            poolers.contains { said.contains($0) }
            ? "; a connection pooler answers here, not the server: \(Pooler.remedy)" : ""
        // What the server says of why it lets nobody in comes first, and what was asked of it behind.
        if let fatal = said.firstMatch(of: /FATAL: +(.+?)(?:; |$)/) {
            let place = said[..<fatal.range.lowerBound].trimmingCharacters(in: CharacterSet(charactersIn: " :"))
            return BackupError(
                code(of: words, ending.status),
                "\(fatal.1)\(pooler) (\(doing): \(how)\(place.isEmpty ? "" : ": \(place)"))")
        }
        return BackupError(
            code(of: words, ending.status), "\(doing): \(how)\(said.isEmpty ? "" : ": \(said)")\(pooler)")
    }

    /// For a cell of a table and a line of a log; without the place in the server's own source.
    private static func oneLine(_ words: String) -> String {
        words.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter {
                // The file is ours, and is gone by now.
                !$0.isEmpty && !$0.hasPrefix("LOCATION:") && !$0.hasPrefix("password retrieved from file \"/proc/")
            }.joined(separator: "; ")
    }

    /// The tools run with English messages of their own; the server's may be in another language, and then the code is
    /// "may help", which costs a few tries.
    private static func code(of words: String, _ status: ChildProcess.Ending.Status) -> BackupError.Code {
        if case .killed = status { return .sourceUnavailable }
        // A server that refuses a statement has been reached; it is worth another try where it is going down, is full, or has
        // something locked.
        if let error = ServerMessage.errors(in: words).last {
            let isPassing =
                ["08", "40", "53", "55", "57", "58", "XX"].contains { error.code.hasPrefix($0) }
                && error.code != "55000"
            return isPassing ? .sourceUnavailable : .sourceRefused
        }
        if later.contains(where: { words.contains($0) }) { return .sourceUnavailable }
        if never.contains(where: { words.contains($0) }) { return .sourceRefused }
        return .sourceUnavailable
    }

    /// What PgBouncer says, and no server.
    private static let poolers = ["unsupported startup parameter", "no such database: ", "pgbouncer cannot connect"]

    private static let later = [
        // A table that was dropped while the dump began; the next one does not list it.
        "relation \"", "relation with OID",
        "terminating connection", "the database system is", "canceling statement", "server closed the connection",
        "too many clients", "too many connections", "remaining connection slots", "Connection refused",
        "timeout expired",
    ]

    private static let never = [
        "password authentication failed", "no password supplied", "no pg_hba.conf entry", "authentication failed",
        "does not exist", "permission denied", "is not permitted to log in", "server version mismatch",
        "row-level security", "must be superuser", "must be owner", "invalid connection option",
        "unsupported startup parameter", "no such database: ",
        "is not currently accepting connections", "certificate", "invalid value for parameter", "aborting because of",
    ]
}
