import Domain
import Foundation
import Threads

/// Gives what a ``LoadRole`` loaded to its owners, as superuser: owners, rights, and last of all what is run whenever something
/// is changed. Nothing of the dump is run by this: the statements are of forms that only say whose something is.
struct Settling {
    let superuser: PostgresSession
    let facts: PostgresFacts
    let database: String
    let role: LoadRole
    let isOwnOrigin: Bool
    let messages: LoadMessages
    let token: String
    /// Whether psql knows `\\restrict`.
    let isRestricting: Bool
    /// Of what slept during the load.
    let awakening: [String]

    /// `owner` is whose the database is to be; `standIn` the name of the role that keeps what a stranger's backup gives to
    /// superusers. Answers with words for the operator.
    /// `opens` lets everybody in, as PostgreSQL does where nothing else is said.
    func run(
        _ settlement: Settlement, owner: String, standIn: String, opens: Bool
    ) async throws(BackupError) -> [String] {
        let privileged = isOwnOrigin ? [] : try await privilegedRoles()
        // Roles are known in UTF-8: what could be another's name in another encoding is given to none of them.
        let isReadable = settlement.encoding.map { $0 == "UTF8" } ?? true
        let given = settlement.owners.filter { owner in
            isOwnOrigin || !privileged.contains(owner.role) && (isReadable || owner.role.allSatisfy { $0 < 0x80 })
        }
        let load = SQLText.identifier(role.name)
        var script = Array(SessionPins.script(limit: nil).utf8)
        if isRestricting { script += Array("\\restrict \(token)\n".utf8) }
        // The dump's texts are in its own encoding, ours are not.
        let theirs = SQLText.literal(settlement.encoding ?? "UTF8")
        func add(_ text: String) { script += Array("SET client_encoding = 'UTF8';\n\(text)\n".utf8) }
        func add(_ statements: [[UInt8]]) {
            script += Array("SET client_encoding = \(theirs);\n".utf8)
            for statement in statements { script += statement + [UInt8(ascii: "\n")] }
        }
        add(given.map(\.statement))
        if isOwnOrigin {
            // What no statement named an owner for belonged to who made the backup's tools run.
            add("REASSIGN OWNED BY \(load) TO \(SQLText.identifier(facts.role));")
            add(settlement.rights)
        }
        add("ALTER DATABASE \(SQLText.identifier(database)) OWNER TO \(SQLText.identifier(owner));")
        if opens { add("GRANT CONNECT, TEMPORARY ON DATABASE \(SQLText.identifier(database)) TO PUBLIC;") }
        if isOwnOrigin { add("DROP OWNED BY \(load);") } else { add(Self.revoking(load)) }
        for statement in awakening { add(statement) }
        add(settlement.last)
        if isRestricting { script += Array("\\unrestrict \(token)\n".utf8) }
        try await carryOut(script)
        guard !isOwnOrigin else {
            await role.drop()
            return []
        }
        return try await keep(as: standIn, count: settlement.owners.count - given.count)
    }

    /// Rights that the load needed, on what belongs to extensions.
    private static func revoking(_ load: String) -> String {
        """
        DO $holdfast$ DECLARE t regclass; f name; s regnamespace; BEGIN
          FOR t IN SELECT unnest(extconfig) FROM pg_extension WHERE extconfig IS NOT NULL LOOP
            EXECUTE format('REVOKE ALL ON %s FROM \(load)', t);
          END LOOP;
          FOR s IN SELECT DISTINCT relnamespace FROM pg_extension, unnest(extconfig) c
                   JOIN pg_class k ON k.oid = c JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE nspowner <> '\(load)'::regrole LOOP
            EXECUTE format('REVOKE USAGE ON SCHEMA %s FROM \(load)', s);
          END LOOP;
          FOR f IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP
            EXECUTE format('REVOKE ALL ON FOREIGN DATA WRAPPER %I FROM \(load)', f);
          END LOOP;
        END $holdfast$;
        """
    }

    private func carryOut(_ script: [UInt8]) async throws(BackupError) {
        var child = superuser.child(
            try superuser.tools.anyClient(),
            [
                "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--set=VERBOSITY=verbose",
                "--set=ECHO=errors", "--file=-",
            ], database: database)
        child.onError = { [messages] in messages.take($0) }
        let (ending, _) = try await child.collect(input: script, limit: 64 << 20, stop: superuser.stop)
        guard ending.isSuccess else {
            throw PostgresFailure.error(doing: "setting owners and rights in \"\(database)\"", ending)
        }
    }

    private func privilegedRoles() async throws(BackupError) -> Set<[UInt8]> {
        Set(
            try await superuser.ask(PostgresRestore.privilegedRoles, database: database, as: String.self).map {
                Array($0.utf8)
            })
    }

    /// The load's role stays, without a way to log in, where something belongs to it.
    private func keep(as standIn: String, count: Int) async throws(BackupError) -> [String] {
        let load = SQLText.literal(role.name)
        let owned =
            try await superuser.ask(
                """
                SELECT count(*)::int FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
                  AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = \(load));
                """, database: database, as: Int.self
            ).first ?? 0
        guard owned > 0 else {
            await role.drop()
            return []
        }
        let (old, new) = (SQLText.identifier(role.name), SQLText.identifier(standIn))
        try await superuser.execute(
            """
            SELECT format('REVOKE ALL ON TABLESPACE %I FROM %I', spcname, \(load)) FROM pg_tablespace
              WHERE spcname NOT IN ('pg_default', 'pg_global') \\gexec
            ALTER ROLE \(old) NOLOGIN NOBYPASSRLS PASSWORD NULL;
            ALTER ROLE \(old) RESET ALL;
            ALTER ROLE \(old) RENAME TO \(new);
            """, database: database)
        return [
            "\(CountText.of(owned, "object")) without an owner of lesser rights belong to the new role \"\(standIn)\": the backup "
                + "is not this host's own, and what a stranger wrote is not given to superusers; --trust-origin gives it to them"
        ]
    }
}
