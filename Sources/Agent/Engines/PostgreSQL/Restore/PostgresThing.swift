package import Domain
import Foundation
package import Threads

/// Databases and roles that a restore made or set aside, as they are on the server now.
package struct PostgresThing: Sendable {
    let session: PostgresSession
    /// A database that may be connected to.
    let maintenance: String

    /// Through `engine`'s server. Throws when it does not answer.
    package init(_ engine: PostgresEngine, stop: StopSignal) async throws(BackupError) {
        session = try engine.session(stop: stop)
        maintenance = try await Self.reach(session)
    }

    private static func reach(_ session: PostgresSession) async throws(BackupError) -> String {
        do throws(BackupError) {
            return try await PostgresFacts.read(session, "postgres").database
        } catch  where error.code == .sourceRefused {
            return try await PostgresFacts.read(session, "template1").database
        }
    }

    private struct Facts: Decodable {
        var oid: String
        var limit: Int
        var bytes: Int64?
        var isOpen: Bool
        var sessions, own: [String]
    }

    /// `isDebris` for what a restore that died had not loaded: nobody but us may have been in it.
    package func look(at thing: RestoreThing, isDebris: Bool) async throws(BackupError) -> RestoreThing.State {
        guard thing.kind == .database else {
            let found = try await session.ask(
                "SELECT 1 FROM pg_roles WHERE rolname = \(SQLText.literal(thing.name));", database: maintenance,
                as: Int.self)
            return found.isEmpty ? .gone : .there(bytes: nil, obstacle: nil)
        }
        guard let facts = try await facts(thing) else {
            return try await isBeingMade(thing) ? .there(bytes: nil, obstacle: "the server is still making it") : .gone
        }
        let others = facts.sessions + (isDebris ? [] : facts.own)
        var obstacle: String?
        if !others.isEmpty { obstacle = "it is in use by \(others.joined(separator: ", "))" }
        if isDebris, facts.isOpen, obstacle == nil {
            obstacle = "everybody may connect to it, so that somebody may have taken it over"
        }
        return .there(bytes: facts.bytes, obstacle: obstacle)
    }

    /// A server makes a database to its end, though whoever asked for it has died.
    private func isBeingMade(_ thing: RestoreThing) async throws(BackupError) -> Bool {
        guard thing.mark == nil else { return false }
        let found = try await session.ask(
            """
            SELECT 1 FROM pg_stat_activity WHERE application_name = 'holdfast' AND state = 'active'
              AND pid <> pg_backend_pid() AND query LIKE 'CREATE DATABASE%'
              AND position(\(SQLText.literal(SQLText.identifier(thing.name))) in query) > 0 LIMIT 1;
            """, database: maintenance, as: Int.self)
        return !found.isEmpty
    }

    /// Nil when ours is not there.
    private func facts(_ thing: RestoreThing) async throws(BackupError) -> Facts? {
        // Of our own role's and superuser's databases alone the size can be asked for.
        let found = try await session.ask(
            """
            SELECT json_build_object('oid', d.oid::text, 'limit', datconnlimit,
              'bytes', CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END,
              'isOpen', datallowconn AND EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
                WHERE grantee = 0 AND privilege_type = 'CONNECT'),
              'sessions', (SELECT coalesce(json_agg(format('pid %s (%s, %s)', pid, usename,
                  coalesce(nullif(application_name, ''), 'unnamed'))), '[]') FROM pg_stat_activity a
                WHERE a.datid = d.oid AND application_name IS DISTINCT FROM 'holdfast'
                  AND coalesce(to_jsonb(a)->>'backend_type', 'client backend') IN ('client backend', 'walsender')),
              'own', (SELECT coalesce(json_agg(format('pid %s (%s, holdfast)', pid, usename)), '[]') FROM pg_stat_activity
                WHERE datid = d.oid AND application_name = 'holdfast'))
            FROM pg_database d WHERE datname = \(SQLText.literal(thing.name));
            """, database: maintenance, as: Facts.self
        ).first
        guard let found else { return nil }
        if let mark = thing.mark { return found.oid == mark ? found : nil }
        return thing.birthmark.map { found.limit == $0 } == true ? found : nil
    }

    /// Drops what ``look(at:isDebris:)`` finds. Throws `.busy` for what must not be dropped, else what the server says.
    package func remove(_ thing: RestoreThing, isDebris: Bool) async throws(BackupError) {
        guard case .there(_, let obstacle) = try await look(at: thing, isDebris: isDebris) else { return }
        if let obstacle { throw BackupError(.busy, "\(thing.words): \(obstacle)") }
        guard thing.kind == .database else { return try await drop(role: thing.name) }
        guard let oid = try await facts(thing)?.oid else { return }
        if isDebris {
            // What the tools of the restore that died still have at work there.
            let ending = """
                BEGIN
                  FOR attempt IN 1..100 LOOP
                    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datid = \(oid) AND application_name = 'holdfast';
                    PERFORM pg_stat_clear_snapshot();
                    EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = \(oid) AND application_name = 'holdfast');
                    PERFORM pg_sleep(0.1);
                  END LOOP;
                END
                """
            try await session.execute("DO \(SQLText.literal(ending));", database: maintenance)
            try await ScratchDatabase.dropSubscriptions(of: thing.name, session, maintenance)
        }
        // By its oid, and without FORCE: whoever came to it or renamed it in this moment keeps it.
        try await session.execute(
            """
            SELECT format('DROP DATABASE %I', datname) FROM pg_database
              WHERE oid = \(oid) AND datname = \(SQLText.literal(thing.name)) \\gexec
            """, database: maintenance)
    }

    /// Once nothing belongs to it. Its name has chance in it, and is known to our journal only.
    private func drop(role: String) async throws(BackupError) {
        let (name, literal) = (SQLText.identifier(role), SQLText.literal(role))
        try await session.execute(
            """
            SELECT format('REVOKE ALL ON TABLESPACE %I FROM %I', spcname, \(literal)) FROM pg_tablespace
              WHERE spcname NOT IN ('pg_default', 'pg_global') \\gexec
            DROP ROLE IF EXISTS \(name);
            """, database: maintenance)
    }
}
