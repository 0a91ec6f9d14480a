import Domain
import Threads

/// A database that a restore made and that nobody is to have.
struct ScratchDatabase {
    let name: String
    let engine: PostgresEngine
    let maintenance: String

    /// Also after a cancellation. Answers with what kept it from being dropped.
    func drop() async -> BackupError? {
        let scratch = self
        return await shielded {
            do throws(BackupError) {
                let session = try scratch.engine.session(stop: StopSignal())
                let facts = try await PostgresFacts.read(session, scratch.maintenance)
                try await Self.dropSubscriptions(of: scratch.name, session, scratch.maintenance)
                let force = facts.major >= 13 ? " WITH (FORCE)" : ""
                try await session.execute(
                    "DROP DATABASE IF EXISTS \(SQLText.identifier(scratch.name))\(force);",
                    database: scratch.maintenance)
                return nil
            } catch {
                return error
            }
        }
    }

    /// A database with one is not dropped by the server. pg_dump leaves them without a connection, so that none has anything at its
    /// publisher.
    static func dropSubscriptions(
        of name: String, _ session: PostgresSession, _ maintenance: String
    ) async throws(BackupError) {
        let literal = SQLText.literal(name)
        // Since 10.
        let own = """
            SELECT 'SELECT 1 FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = ' || quote_literal(\(literal))
              WHERE to_regclass('pg_catalog.pg_subscription') IS NOT NULL \\gexec
            """
        guard try await !session.ask(own, database: maintenance, as: Int.self).isEmpty else { return }
        // Nothing of the dump runs for it, such as what its owner has run whenever something is dropped.
        try await session.execute(
            """
            SELECT format('SET %I = %L', name, CASE name WHEN 'event_triggers' THEN 'off' ELSE 'replica' END)
              FROM pg_settings WHERE name IN ('event_triggers', 'session_replication_role')
                AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \\gexec
            SELECT format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); DROP SUBSCRIPTION %1$I',
                          subname)
              FROM pg_subscription WHERE current_database() = \(literal)
                AND subdbid = (SELECT oid FROM pg_database WHERE datname = \(literal)) \\gexec
            """, database: name)
    }
}
