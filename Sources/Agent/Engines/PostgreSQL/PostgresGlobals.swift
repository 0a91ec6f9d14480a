import Domain
import Threads

/// Loads roles and tablespaces before a dump whose owners and rights need them.
extension PostgresRestore {
    /// Roles that are there already stay as they are, with their rights, settings and passwords: the backup is older than
    /// they are. Any error is one, because the dump would fail for it later. Nothing is run before the source has been read
    /// to its end and found good. Answers with words for the operator.
    func loadGlobals(_ source: @escaping DecodedSource, _ session: PostgresSession, _ maintenance: String)
        async throws(BackupError) -> String
    {
        let known = try await session.ask(
            "SELECT to_json(rolname) FROM pg_roles;", database: maintenance, as: String.self)
        let text = try await onThread { () throws(BackupError) in try Self.collect(source) }
        let (kept, left) = GlobalsText.text(text, withoutRoles: known)
        var child = session.child(
            try session.tools.anyClient(),
            ["--no-psqlrc", "--quiet", "--no-password", "--set=VERBOSITY=verbose", "--file=-"], database: maintenance)
        child.deadline = .seconds(600)
        let (ending, _) = try await child.collect(input: kept, stop: session.stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "loading roles and tablespaces", ending) }
        let duplicate = "42710"
        var present = 0
        for match in ending.standardError.matches(of: /(?m)^psql:.*?: ([^:\n]+):  ([0-9A-Z]{5}): .*$/) {
            // Remarks, such as that a role is a member already. Not by the word ERROR alone: the server may speak
            // another language, and then its remarks are known by the class of their code.
            let isRemark =
                ["NOTICE", "WARNING", "INFO", "LOG"].contains(match.1)
                || ["00", "01", "02"].contains(match.2.prefix(2))
            if isRemark { continue }
            guard match.2 == duplicate else {
                throw BackupError(.sourceRefused, "loading roles and tablespaces: \(match.0)")
            }
            present += 1
        }
        let tablespaces = present > 0 ? "; \(CountText.of(present, "tablespace")) there already" : ""
        let roles = "\(CountText.of(left, "role")) there already, left as they are"
        return "roles and tablespaces loaded; \(roles)\(tablespaces)"
    }

    private static func collect(_ source: DecodedSource) throws(BackupError) -> [UInt8] {
        var bytes: [UInt8] = []
        try source { (piece) throws(BackupError) in
            guard bytes.count + piece.count <= 64 << 20 else {
                throw BackupError(.integrity, "the roles and tablespaces are larger than 64 MiB")
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }
}
