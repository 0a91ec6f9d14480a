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
}
