import Domain

/// What stands in the tables and sequences of a database's extensions and no dump keeps: pg_dump leaves out what the extension
/// did not name (`pg_extension_config_dump`), and a restore has it as the extension makes it.
///
/// Found by comparing with a database in which the extensions were just made.
struct NeverDumped: Decodable, Sendable {
    let name: String
    let ofExtension: String
    /// Of a sequence, where it stands, 0 for nowhere yet; nil for a table.
    let last: Int64?
    /// Of a table, the rows that no dump keeps.
    let rows: Int64?
    let hash: String?

    /// Larger tables are not read; 8 KiB a page.
    private static let mostPages = 8192

    /// A table is asked for by its name, and whoever owns it, its extension or its schema could put a view in its place meanwhile,
    /// in which we would run what he likes (CVE-2024-7348): so of those only where the server reads no view in this session, which it
    /// knows since 12.20, 13.16, 14.13, 15.8 and 16.4, or where all three are superusers', or we are none.
    private static let isSafe = """
        (EXISTS (SELECT FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind')
         OR NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
         OR (SELECT bool_and(rolsuper) FROM pg_roles r JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE r.oid IN (c.relowner, e.extowner, nspowner)))
        """

    static func read(_ session: PostgresSession, _ database: String) async throws(BackupError) -> [Self] {
        let members = """
            FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
              AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass JOIN pg_class c ON c.oid = d.objid
            """
        return try await session.ask(
            """
            SELECT format('SET %I = %L', name, 'view, foreign-table') FROM pg_settings
              WHERE name = 'restrict_nonsystem_relation_kind' \\gexec
            SELECT format('SELECT json_build_object(''name'', %L, ''ofExtension'', %L, ''rows'', count(*), '
                || '''hash'', coalesce(sum(hashtext(textin(record_out(x)))), 0)::text) FROM ONLY %s x %s',
                c.oid::regclass, extname, c.oid::regclass,
                'WHERE ctid NOT IN (SELECT ctid FROM ONLY ' || c.oid::regclass || ' ' || condition || ')')
              \(members) LEFT JOIN LATERAL unnest(extconfig, extcondition) AS k(class, condition) ON class = c.oid
              WHERE c.relkind = 'r' AND condition IS DISTINCT FROM '' AND pg_relation_size(c.oid) <= \(mostPages * 8192)
                AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE')
                AND NOT row_security_active(c.oid) AND \(isSafe) \\gexec
            SELECT DISTINCT json_build_object('name', s.oid::regclass, 'ofExtension', extname,
                'last', coalesce(pg_sequence_last_value(s.oid), 0))::text
              \(members) JOIN pg_class s ON s.oid = c.oid OR EXISTS (
                SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = s.oid
                  AND o.refclassid = 'pg_class'::regclass AND o.refobjid = c.oid AND o.deptype IN ('a', 'i'))
              WHERE NOT s.oid = ANY (coalesce(extconfig, '{}'))
                AND CASE s.relkind WHEN 'S' THEN has_sequence_privilege(s.oid, 'SELECT') ELSE false END;
            """, database: database)
    }

    /// In words, each with what to do.
    static func words(_ source: [Self], fresh: [Self]) -> [String] {
        source.compactMap { was in
            guard let made = fresh.first(where: { $0.name == was.name }) else { return nil }
            if let last = was.last, last > made.last ?? 0 {
                return
                    "no dump keeps where the sequence \(was.name) of the extension \(was.ofExtension) stands: after it, SELECT "
                    + "setval(\(SQLText.literal(was.name)), \(last))"
            }
            guard let rows = was.rows, rows != made.rows || was.hash != made.hash else { return nil }
            return
                "no dump keeps what was done to rows of \(was.name), a table of the extension \(was.ofExtension) (here "
                + "\(CountText.of(rows, "row")) that pg_dump leaves out, \(made.rows ?? 0) in one that is made new): copy them by hand"
        }
    }
}

/// What belongs to an extension, and so is in no dump: that it was added when the extension was used is no matter to pg_dump
/// (pglogical_ticker's tables, pgl_ddl_deploy's event triggers).
struct ExtensionMember: Decodable, Sendable, Hashable {
    let what: String
    let ofExtension: String
    let version: String

    static func read(_ session: PostgresSession, _ database: String) async throws(BackupError) -> [Self] {
        try await session.ask(
            """
            SELECT json_build_object('what', o.type || ' ' || o.identity, 'ofExtension', extname, 'version', extversion)
              FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                AND d.deptype = 'e', pg_identify_object(d.classid, d.objid, d.objsubid) o;
            """, database: database)
    }

    /// Of another version an extension has other parts.
    static func words(_ source: [Self], fresh: [Self]) -> [String] {
        let (parts, versions) = (Set(fresh), Set(fresh.map { [$0.ofExtension, $0.version] }))
        return source.filter { versions.contains([$0.ofExtension, $0.version]) && !parts.contains($0) }.map {
            "no dump keeps the \($0.what), which was made part of the extension \($0.ofExtension): make it again by hand"
        }
    }
}
