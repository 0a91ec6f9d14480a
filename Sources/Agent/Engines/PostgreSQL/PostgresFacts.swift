import Domain
import Threads

/// What the server says about itself, the database and our role.
struct PostgresFacts: Decodable, Sendable {
    var version: String
    var versionNumber: Int
    var database: String
    var role: String
    var sizeBytes: Int64?
    var readsPasswords: Bool
    var isSuperuser: Bool
    var createsDatabases: Bool
    /// What the database's texts are in.
    var encoding: String
    /// Whether every role may create something in it: in one of its schemas, or a schema.
    var isOpenToAll: Bool
    /// Nothing can be made there.
    var isStandby: Bool

    var major: Int { versionNumber / 10_000 }

    static func read(_ session: PostgresSession, _ database: String) async throws(BackupError) -> Self {
        let facts = try await session.ask(
            """
            SELECT json_build_object(
              'version', split_part(current_setting('server_version'), ' ', 1),
              'versionNumber', current_setting('server_version_num')::int,
              'database', current_database(), 'role', current_user,
              'sizeBytes', pg_database_size(current_database()),
              'readsPasswords', has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
              'isSuperuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
              'createsDatabases', (SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user),
              'encoding', pg_encoding_to_char(d.encoding), 'isStandby', pg_is_in_recovery(),
              'isOpenToAll', EXISTS (SELECT FROM aclexplode(d.datacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
                OR EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a
                           WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'))
            FROM pg_database d WHERE d.datname = current_database();
            """, database: database, as: Self.self)
        guard let facts = facts.first else {
            throw BackupError(.sourceUnavailable, "asking \(session.connection): no answer")
        }
        // The name is hostile input, and a service file's dbname goes before it; what was reached must be what was meant.
        guard facts.database == database else {
            throw BackupError(
                .sourceRefused,
                "the server gave the database \"\(facts.database)\" instead of \"\(database)\"; if the connection names a "
                    + "service, take dbname out of the service file")
        }
        return facts
    }

    /// Names of the settings that the server knows.
    static func settings(_ session: PostgresSession, _ database: String) async throws(BackupError) -> Set<String> {
        Set(try await session.ask("SELECT to_json(name) FROM pg_settings;", database: database, as: String.self))
    }

    /// pg_dump needs to read every table, and says only at the first that it cannot. This names them before.
    func refuseUnreadableTables(_ session: PostgresSession, _ database: String) async throws(BackupError) {
        let tables = try await session.ask(
            """
            SELECT to_json(c.oid::regclass::text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
              AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype = 'e')
              AND (NOT has_schema_privilege(n.oid, 'USAGE') OR NOT CASE c.relkind
                   WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END)
            LIMIT 6;
            """, database: database, as: String.self)
        guard !tables.isEmpty else { return }
        let names = tables.prefix(5).joined(separator: ", ") + (tables.count > 5 ? ", …" : "")
        throw BackupError(
            .sourceRefused, "the role \(role) may not read \(names) in \(database); GRANT pg_read_all_data TO the role")
    }

    /// Rows that our role does not see though it may read the tables: pg_dump fails at the first of these. Not what it does not
    /// dump: roots of partitions, and what belongs to extensions but for their configuration.
    func refuseHiddenRows(_ session: PostgresSession, _ database: String) async throws(BackupError) {
        let tables = try await session.ask(
            """
            SELECT to_json(c.oid::regclass::text) FROM pg_class c
            WHERE c.relkind = 'r' AND c.relrowsecurity AND row_security_active(c.oid)
              AND (NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                               AND d.deptype = 'e')
                   OR EXISTS (SELECT FROM pg_extension WHERE c.oid = ANY (extconfig)))
            LIMIT 5;
            """, database: database, as: String.self)
        guard !tables.isEmpty else { return }
        throw BackupError(
            .sourceRefused,
            "row security hides rows of \(tables.joined(separator: ", ")) in \(database) from the role \(role), so that a dump would not "
                + "be whole; ALTER ROLE \(SQLText.identifier(role)) BYPASSRLS")
    }

    /// The same of large objects. Reads their whole list, so not before each backup.
    func refuseHiddenObjects(_ session: PostgresSession, _ database: String) async throws(BackupError) {
        guard !isSuperuser else { return }
        // Since 19 pg_read_all_data is for them, too.
        let reader = versionNumber >= 190_000 ? "pg_has_role('pg_read_all_data', 'USAGE')" : "false"
        let objects = try await session.ask(
            """
            SELECT to_json(m.oid::text) FROM pg_largeobject_metadata m
            WHERE current_setting('lo_compat_privileges') = 'off' AND NOT \(reader)
              AND NOT pg_has_role(m.lomowner, 'USAGE') AND NOT EXISTS (SELECT FROM aclexplode(m.lomacl) a
                WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE'))) LIMIT 5;
            """, database: database, as: String.self)
        guard !objects.isEmpty else { return }
        throw BackupError(
            .sourceRefused,
            "the role \(role) may not read the large objects \(objects.joined(separator: ", ")) in \(database); GRANT SELECT ON LARGE "
                + "OBJECT each TO \(SQLText.identifier(role)), or back up with their owner or a superuser")
    }
}
