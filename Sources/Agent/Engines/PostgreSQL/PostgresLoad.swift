import Domain

/// Sends decoded bytes into psql and pg_restore.
extension PostgresRestore {
    /// The whole dump in one transaction; the first error ends it.
    func load(_ source: @escaping DecodedSource, _ session: PostgresSession, into scratch: String)
        async throws(BackupError)
    {
        let child: ChildProcess
        if request.format == .custom {
            let facts = try await PostgresFacts.read(session, scratch)
            let tool = try await session.tools.tool("pg_restore", forServer: facts.major, stop: session.stop)
            // An empty name makes pg_restore connect, and libpq takes the name from PGDATABASE.
            child = session.child(
                tool.path, ["--dbname=", "--exit-on-error", "--single-transaction", "--no-password"], database: scratch)
        } else {
            child = session.child(
                try session.tools.anyClient(),
                [
                    "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--single-transaction",
                    "--file=-",
                ], database: scratch)
        }
        let ending = try await child.feed(source, stop: session.stop)
        guard ending.isSuccess else {
            throw PostgresFailure.error(doing: "loading the dump into \"\(scratch)\"", ending)
        }
    }

    /// Roles and tablespaces. What is there already stays, and is no error; anything else is one, because the dump's
    /// owners and rights would fail for it. Answers with words for the operator.
    func loadGlobals(_ source: @escaping DecodedSource, _ session: PostgresSession, _ maintenance: String)
        async throws(BackupError) -> String
    {
        let child = session.child(
            try session.tools.anyClient(),
            ["--no-psqlrc", "--quiet", "--no-password", "--set=VERBOSITY=verbose", "--file=-"], database: maintenance)
        let ending = try await child.feed(source, stop: session.stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "loading roles and tablespaces", ending) }
        let duplicate = "42710"
        var present = 0
        for match in ending.standardError.matches(of: /(?m)^psql:.*?:  ([0-9A-Z]{5}): .*$/) {
            guard match.1 == duplicate else {
                throw BackupError(.sourceRefused, "loading roles and tablespaces: \(match.0)")
            }
            present += 1
        }
        return "roles and tablespaces loaded, \(present) were there already"
    }
}
