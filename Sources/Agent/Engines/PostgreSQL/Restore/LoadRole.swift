import Domain
import Foundation
import Sealing
import Threads

/// The role that loads a dump where we connect as superuser: made for this load, no superuser, and in no group that may run
/// programs or read files of the server. It logs in by itself, since a session that a superuser began can always become
/// the superuser's again.
///
/// While it loads it owns the new database and all in it; the owners of the dump are set afterwards (``Settling``).
struct LoadRole {
    /// Of all their names.
    static let prefix = "holdfast_load_"

    let name: String
    /// Sessions of the role.
    let session: PostgresSession
    private let superuser: PostgresSession
    private let maintenance: String
    /// A secret.
    private let password: String

    /// To be followed by ``reaching(_:)``, and ended by ``drop()`` or ``Settling``.
    static func make(
        _ superuser: PostgresSession, maintenance: String, _ trace: RestoreTrace
    ) async throws(BackupError) -> LoadRole {
        let name: String
        let password: String
        do { (name, password) = (prefix + hex(try randomBytes(6)), hex(try randomBytes(24))) } catch {
            throw BackupError(.bug, "making a role's password", cause: error)
        }
        trace(.makes(RestoreThing(kind: .role, name: name)))
        // Nothing of a dump into the server's log, in which it may be read: user mappings have passwords. A role that a killed agent leaves cannot log in for ever.
        try await superuser.execute(
            """
            \(SessionPins.unlogged)
            CREATE ROLE \(name) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS CONNECTION LIMIT 20
                PASSWORD '\(password)';
            SELECT format('ALTER ROLE %I VALID UNTIL %L', '\(name)', now() + interval '7 days') \\gexec
            ALTER ROLE \(name) SET lc_messages = 'C';
            ALTER ROLE \(name) SET log_statement = none;
            ALTER ROLE \(name) SET log_min_duration_statement = -1;
            ALTER ROLE \(name) SET log_min_error_statement = panic;
            SELECT format('GRANT CREATE ON TABLESPACE %I TO %I', spcname, '\(name)') FROM pg_tablespace
              WHERE spcname NOT IN ('pg_default', 'pg_global') \\gexec
            """, database: maintenance)
        return LoadRole(
            name: name, session: try superuser.login(as: name, password: password), superuser: superuser,
            maintenance: maintenance, password: password)
    }

    /// Sees to it that the role gets into `database`: by the same way to the server, or, where sockets know users by their name
    /// in the system only, by the server's own port. Throws `.sourceRefused`, with the way around it, when it does not.
    func reaching(_ database: String) async throws(BackupError) -> LoadRole {
        let refusal: BackupError
        do throws(BackupError) {
            try await session.execute("", database: database)
            return self
        } catch {
            refusal = error
        }
        guard superuser.connection.isLocal, refusal.code != .cancelled else { throw Self.noLogin(refusal) }
        let port = try await superuser.ask(
            "SELECT current_setting('port')::int;", database: database, as: Int.self
        ).first
        let place = ["PGHOST": "127.0.0.1", "PGPORT": "\(port ?? 5432)", "PGSSLMODE": "prefer", "PGSSLROOTCERT": ""]
        let other = try superuser.login(as: name, password: password, at: place)
        // A role of this name and password is known to this very server only.
        do throws(BackupError) { try await other.execute("", database: database) } catch { throw Self.noLogin(refusal) }
        return LoadRole(
            name: name, session: other, superuser: superuser, maintenance: maintenance, password: password)
    }

    private static func noLogin(_ refusal: BackupError) -> BackupError {
        BackupError(
            .sourceRefused,
            "the server lets no role made for this restore log in, so the dump could only be loaded with a superuser's rights: "
                + "let pg_hba.conf take passwords (scram-sha-256) from this host, or say --trust-origin to load it so; nothing was changed",
            cause: refusal)
    }

    /// Once nothing belongs to it any more. One that cannot be dropped stays, and cannot log in after its time.
    func drop() async {
        let (superuser, maintenance, name) = (superuser.cleaningUp, maintenance, name)
        await shielded {
            do {
                try await superuser.execute(
                    """
                    SELECT format('REVOKE ALL ON TABLESPACE %I FROM %I', spcname, '\(name)') FROM pg_tablespace
                      WHERE spcname NOT IN ('pg_default', 'pg_global') \\gexec
                    DROP ROLE IF EXISTS \(name);
                    """, database: maintenance)
            } catch {
                // The error that brought us here is the one to tell.
            }
        }
    }
}
