import Domain
import Threads

/// Loads roles and tablespaces before a dump whose owners and rights need them.
extension PostgresRestore {
    /// What is there already stays, and is no error; anything else is one, because the dump would fail for it later.
    /// Nothing is run before the source has been read to its end and found good. Answers with words for the operator.
    ///
    /// The role as which this restore works is left as it is: its password there may be another than here, and the next
    /// connection would fail.
    func loadGlobals(_ source: @escaping DecodedSource, _ session: PostgresSession, _ maintenance: String)
        async throws(BackupError) -> String
    {
        let role = try await PostgresFacts.read(session, maintenance).role
        let text = try await onThread { () throws(BackupError) in try Self.collect(source) }
        let kept = Self.lines(of: text, withoutChangesOf: role)
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
        return "roles and tablespaces loaded, \(present) of them there already, \(role) left as it is"
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

    /// pg_dumpall writes one statement a line, with names quoted where they must be.
    private static func lines(of text: [UInt8], withoutChangesOf role: String) -> [UInt8] {
        let changes = [role, SQLText.identifier(role)].map { Array("ALTER ROLE \($0) WITH ".utf8) }
        let kept = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .filter { line in !changes.contains { line.starts(with: $0) } }
        return Array(kept.joined(separator: [UInt8(ascii: "\n")]))
    }
}
