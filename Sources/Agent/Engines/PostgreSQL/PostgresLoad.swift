import Domain

/// Sends decoded bytes into psql and pg_restore.
extension PostgresRestore {
    /// The first error ends it. Not in one transaction: that would hold a lock for each table, index and sequence, more than a
    /// server has room for; what is half loaded is dropped, since only a whole one gets its name.
    func load(_ source: @escaping DecodedSource, _ session: PostgresSession, into scratch: String)
        async throws(BackupError)
    {
        // Also proves that the tool will be in the new database and in no other.
        let facts = try await PostgresFacts.read(session, scratch)
        let child: ChildProcess
        if request.format == .custom {
            let tool = try await session.tools.tool("pg_restore", forServer: facts.major, stop: session.stop)
            // An empty name makes pg_restore connect, and libpq takes the name from PGDATABASE.
            child = session.child(tool.path, ["--dbname=", "--exit-on-error", "--no-password"], database: scratch)
        } else {
            child = session.child(
                try session.tools.anyClient(),
                ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", Self.noWaiting, "--file=-"],
                database: scratch)
        }
        let ending = try await child.feed(source, stop: session.stop)
        guard ending.isSuccess else {
            throw PostgresFailure.error(doing: "loading the dump into \"\(scratch)\"", ending)
        }
    }

    /// No statement waits for the disk: the renaming at the end does, for all that came before it in the log.
    private static let noWaiting = "--command=SET synchronous_commit = off"
}
