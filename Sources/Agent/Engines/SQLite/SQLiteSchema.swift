import GRDB

/// A schema of which this SQLite cannot read everything: one that a newer SQLite made, or an extension. It reads nothing at all of
/// such a file unless it is told to pass over what it does not understand, which is what `PRAGMA writable_schema` does for reading
/// (prepare.c, sqlite3InitOne).
enum SQLiteSchema {
    /// For connections that only read.
    static func passOver(_ database: Database) throws { try database.execute(sql: "PRAGMA writable_schema = ON") }

    /// What it cannot understand, in words; nil when it reads everything. The pages of such a table or index belong to nobody for it.
    /// Throws what is wrong besides.
    static func unreadable(_ path: String) throws -> String? {
        do {
            let queue = try DatabaseQueue(path: path)
            _ = try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
            try queue.close()
            return nil
        } catch let error as DatabaseError {
            let form = /malformed database schema \((.+)\) - (.*(?:syntax error|unrecognized token|unknown|no such).*)/
            guard let match = (error.message ?? "").wholeMatch(of: form) else { throw error }
            return "the definition of \(match.1), which SQLite \(sqlite) does not understand (\(match.2))"
        }
    }

    /// The version that is linked.
    private static var sqlite: String {
        // It has always said it.
        (try? DatabaseQueue().inDatabase { try String.fetchOne($0, sql: "SELECT sqlite_version()") }) ?? "here"
    }
}
