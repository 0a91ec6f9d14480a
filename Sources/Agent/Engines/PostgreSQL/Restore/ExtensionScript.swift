/// Makes an extension of a dump as superuser, and lets the load's role have what the dump does with it.
///
/// An extension's script runs as superuser, and looks names up in the extension's schema first: nothing may lie there yet
/// that the dump has made (CVE-2022-2625 and its like). A schema that the dump made for it is the superuser's meanwhile:
/// the rights in it that belong to the extension are remembered with its owner, who must not be a role that goes away.
struct ExtensionScript {
    let name: String
    let schema: String?
    /// That loads the dump.
    let role: String
    let isOwnOrigin: Bool

    /// Extensions whose own tables a stranger's backup may fill. Those of others may tell a superuser's worker what to run, as
    /// pg_cron's do.
    private static let harmless: Set = [
        "address_standardizer_data_us", "postgis", "postgis_raster", "postgis_sfcgal", "postgis_tiger_geocoder",
        "postgis_topology",
    ]

    var sql: String { making + (isOwnOrigin ? owning : "") + rights }

    private var making: String {
        let place = schema.map { " SCHEMA \(SQLText.identifier($0))" } ?? ""
        let nspname = SQLText.literal(schema ?? "public")
        // What a superuser's extension brought is no part of the dump, and what somebody else's has may be anything.
        let body = """
            DECLARE theirs bool; BEGIN
              IF EXISTS (SELECT FROM pg_extension WHERE extname = \(SQLText.literal(name))) THEN RETURN; END IF;
              IF EXISTS (
                SELECT FROM (SELECT 'pg_proc'::regclass AS class, oid, pronamespace AS space FROM pg_proc
                             UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_operator
                             UNION ALL SELECT 'pg_class'::regclass, oid, relnamespace FROM pg_class
                             UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_type) o
                JOIN pg_namespace n ON n.oid = o.space
                WHERE n.nspname = \(nspname) AND n.nspname <> 'pg_catalog' AND NOT EXISTS (
                  SELECT FROM pg_depend d LEFT JOIN pg_extension e ON e.oid = d.refobjid LEFT JOIN pg_roles r ON r.oid = extowner
                  WHERE d.classid = o.class AND d.objid = o.oid AND (d.deptype = 'i' OR d.deptype = 'e' AND rolsuper)))
              THEN RAISE EXCEPTION 'the dump has put other things into its schema before it'; END IF;
              theirs := EXISTS (SELECT FROM pg_namespace WHERE nspname = \(nspname) AND nspowner = '\(role)'::regrole);
              IF theirs THEN EXECUTE format('ALTER SCHEMA %I OWNER TO CURRENT_USER', \(nspname)); END IF;
              EXECUTE \(SQLText.literal("CREATE EXTENSION \(SQLText.identifier(name))\(place)"));
              IF theirs THEN EXECUTE format('ALTER SCHEMA %I OWNER TO %I', \(nspname), '\(role)'); END IF;
            END
            """
        // As a literal: no name in it can end it.
        return "DO \(SQLText.literal(body));\n"
    }

    private var rights: String {
        let isFilled = isOwnOrigin || Self.harmless.contains(name)
        // With others a stranger's servers and tables read files, or run what they name, as the server's own user.
        let wrappers = isOwnOrigin ? "" : " WHERE fdwname = 'postgres_fdw'"
        return """
            SELECT format('GRANT \(isFilled ? "SELECT, INSERT, UPDATE" : "SELECT") ON %s TO %I', c::regclass, '\(role)')
              FROM pg_extension, unnest(extconfig) c JOIN pg_class t ON t.oid = c
              WHERE extname = \(SQLText.literal(name)) AND relowner <> '\(role)'::regrole \\gexec
            SELECT DISTINCT format('GRANT USAGE ON SCHEMA %s TO %I', relnamespace::regnamespace, '\(role)')
              FROM pg_extension, unnest(extconfig) c JOIN pg_class t ON t.oid = c
              WHERE extname = \(SQLText.literal(name)) AND NOT has_schema_privilege('\(role)', relnamespace, 'USAGE') \\gexec
            SELECT format('GRANT USAGE ON FOREIGN DATA WRAPPER %I TO %I', fdwname, '\(role)') FROM pg_foreign_data_wrapper\(wrappers) \\gexec

            """
    }

    /// Many an extension makes tables in its own schema, as heirs of its own tables, when it is used (pgq's queues, TIGER's
    /// states): so schemas and tables are the load's until all that it owns is given back. Not what the extension gave to a role
    /// of its own (plprofiler's tables).
    private var owning: String {
        """
        SELECT format('ALTER SCHEMA %I OWNER TO %I', n.nspname, '\(role)') FROM pg_namespace n
          WHERE n.nspname <> 'pg_catalog'
            AND nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND \(isMember("pg_namespace", "n.oid")) \\gexec
        SELECT format('ALTER %s %s OWNER TO %I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                      c.oid::regclass, '\(role)')
          FROM pg_class c WHERE c.relkind IN ('r', 'p', 'f', 'S') AND c.relnamespace <> 'pg_catalog'::regnamespace
            AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND \(isMember("pg_class", "c.oid"))
            AND NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
                            AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')) \\gexec

        """
    }

    private func isMember(_ catalog: String, _ oid: String) -> String {
        """
        EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = '\(catalog)'::regclass
          AND d.objid = \(oid) AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
          AND e.extname = \(SQLText.literal(name)))
        """
    }
}
