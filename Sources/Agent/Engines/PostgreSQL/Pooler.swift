import Domain
import Foundation
import Sealing

/// A connection pooler (PgBouncer and its like) between us and the server, where there is one.
///
/// It hands a server's session from one client to the next. What a dump or a restore sets for its session is then lost in the
/// middle, or meets the sessions of others; and neither a new database nor a role made for a load is known to it.
enum Pooler: Equatable {
    /// A client keeps the server's session until it goes.
    case session
    /// Each transaction may run in another session of the server.
    case transaction

    /// Two connections, one after the other: only behind a pooler is the second one's session older than its connection. What the
    /// first one set is still set in it where sessions are not put in order between clients.
    static func find(_ session: PostgresSession, _ database: String) async throws(BackupError) -> Pooler? {
        var found: Pooler?
        // Twice, since the server's clock may be set in between.
        for _ in 0..<2 {
            let token: String
            do { token = hex(try randomBytes(8)) } catch { throw BackupError(.bug, "making a mark", cause: error) }
            let first = try await look(session, database, leaving: token)
            let second = try await look(session, database, leaving: "")
            guard second.pid == first.pid || second.began < first.now else { return nil }
            if second.mark == token { return .transaction }
            found = .session
        }
        return found
    }

    private struct Look: Decodable {
        var pid: Int
        var now, began: Double
        var mark: String?
    }

    /// What is set is set for one transaction: in a moment the session may be another's. Every name is said in full.
    private static func look(
        _ session: PostgresSession, _ database: String, leaving mark: String
    ) async throws(BackupError) -> Look {
        let answer = try await session.askUnpinned(
            """
            BEGIN;
            SET LOCAL statement_timeout = 60000;
            SET LOCAL search_path = pg_catalog, pg_temp;
            SELECT pg_catalog.json_build_object('pid', pg_catalog.pg_backend_pid(),
              'now', pg_catalog.date_part('epoch'::pg_catalog.text, pg_catalog.clock_timestamp()),
              'began', (SELECT pg_catalog.date_part('epoch'::pg_catalog.text, a.backend_start)
                FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a),
              'mark', pg_catalog.current_setting('holdfast.pooler', true),
              'left', pg_catalog.set_config('holdfast.pooler', '\(mark)', false));
            COMMIT;
            """, database: database, as: Look.self)
        guard let look = answer.first else {
            throw BackupError(.sourceUnavailable, "asking \(session.connection): no answer")
        }
        return look
    }

    /// What to do instead, behind the cause.
    static let remedy =
        "give the server's own address and port in this database's url (as a rule port 5432 on its host, or its socket); the "
        + "application may go on through the pooler"

    /// Throws `.sourceRefused` where a dump would not be one of one session; else answers with what to note.
    static func requireDumpable(_ session: PostgresSession, _ database: String) async throws(BackupError) -> String? {
        switch try await find(session, database) {
        case nil: return nil
        case .session:
            do throws(BackupError) { try await session.tryOptions(database) } catch  where error.code == .sourceRefused
            {
                throw BackupError(
                    .sourceRefused,
                    "\(session.connection) is a connection pooler, and takes no options of a session, which a dump needs: \(remedy)",
                    cause: error)
            }
            return "it is reached through a connection pooler, by which nothing can be restored: \(remedy)"
        case .transaction:
            throw BackupError(
                .sourceRefused,
                "\(session.connection) is a connection pooler in transaction mode, not the server: what a dump sets for its session "
                    + "would be lost or reach the application's sessions; \(remedy)")
        }
    }

    /// Throws `.sourceRefused` where a restore would fail in the middle. Goes by the first of these databases that answers.
    static func refuseRestore(_ session: PostgresSession, _ databases: [String]) async throws(BackupError) {
        for database in databases {
            do throws(BackupError) {
                guard try await find(session, database) != nil else { return }
            } catch  where error.code == .sourceRefused {
                continue
            }
            throw BackupError(
                .sourceRefused,
                "\(session.connection) is a connection pooler, not the server: it knows neither the new database nor the role that "
                    + "loads it, and keeps sessions in databases that are to be renamed; nothing was loaded. To restore, \(remedy)"
            )
        }
    }
}
