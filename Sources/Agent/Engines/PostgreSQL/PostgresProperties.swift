import Archive
import Domain

extension DatabaseProperties {
    /// Those of `database`, as the server's catalogs have them. Columns of later versions are read through jsonb, where one that is
    /// not there is null. Nil when there is no such database.
    static func read(
        _ session: PostgresSession, of database: String, from maintenance: String
    ) async throws(BackupError) -> Self? {
        try await session.ask(
            """
            SELECT json_build_object('name', d.datname, 'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate,
              'ctype', d.datctype, 'provider', coalesce(to_jsonb(d)->>'datlocprovider', 'c'),
              'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
              'icuRules', to_jsonb(d)->>'daticurules', 'collationVersion', to_jsonb(d)->>'datcollversion',
              'owner', pg_get_userbyid(d.datdba),
              'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace),
              'connectionLimit', d.datconnlimit,
              'settings', coalesce((SELECT to_json(setconfig) FROM pg_db_role_setting
                WHERE setdatabase = d.oid AND setrole = 0), '[]'::json),
              'roleSettings', coalesce((SELECT json_agg(json_build_object('role', rolname, 'settings', setconfig)
                  ORDER BY rolname) FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole
                WHERE setdatabase = d.oid), '[]'::json),
              'rights', CASE WHEN d.datacl IS NOT NULL THEN coalesce((SELECT json_agg(json_build_object(
                  'role', CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END,
                  'privilege', a.privilege_type, 'isGrantable', a.is_grantable)
                  ORDER BY a.grantee, a.privilege_type, a.is_grantable) FROM aclexplode(d.datacl) a), '[]'::json) END,
              'comment', shobj_description(d.oid, 'pg_database'),
              'labels', coalesce((SELECT json_agg(json_build_object('provider', provider, 'label', label)
                  ORDER BY provider) FROM pg_shseclabel
                WHERE classoid = 'pg_database'::regclass AND objoid = d.oid), '[]'::json),
              'roles', (SELECT coalesce(json_agg(rolname), '[]'::json) FROM (SELECT DISTINCT rolname FROM pg_shdepend s
                JOIN pg_roles r ON r.oid = s.refobjid WHERE s.refclassid = 'pg_authid'::regclass AND s.dbid = d.oid
                  AND rolname NOT LIKE 'holdfast\\_load\\_%' ORDER BY 1 LIMIT 1000) r))
            FROM pg_database d WHERE d.datname = \(SQLText.literal(database));
            """, database: maintenance, as: Self.self
        ).first
    }

    /// The SQL object that makes the database `name` as it was, for `psql` in any other database of an empty cluster. All but the line
    /// that makes it (``StockRestore/makingLine``) can be run again.
    func script(for name: String, major: Int) throws(BackupError) -> String {
        let lines =
            ["CREATE DATABASE \(SQLText.identifierOnOneLine(name)) TEMPLATE template0\(making(major))\(placing);"]
            + owning(name) + ["\(Self.reset(name));"] + statements(for: name).map(\.sql)
        return """
            \(try firstLine())
            -- Makes the database as it was when it was backed up: run it with psql in the database postgres, before the dump.
            SET client_encoding = 'UTF8';
            SET standard_conforming_strings = on;
            \(lines.joined(separator: "\n"))
            \(DumpCompletion.Line.properties.rawValue)

            """
    }

    /// Behind CREATE DATABASE … TEMPLATE template0, on a server of that major: encoding and locale.
    func making(_ major: Int) -> String {
        var sql = " ENCODING \(SQLText.literalOnOneLine(encoding)) LC_COLLATE \(SQLText.literalOnOneLine(collate))"
        sql += " LC_CTYPE \(SQLText.literalOnOneLine(ctype))"
        switch (provider, locale) {
        case ("i", let locale?): sql += " LOCALE_PROVIDER icu ICU_LOCALE \(SQLText.literalOnOneLine(locale))"
        case ("b", let locale?): sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE \(SQLText.literalOnOneLine(locale))"
        // Else it would be that of template0.
        default: sql += major >= 15 ? " LOCALE_PROVIDER libc" : ""
        }
        if let icuRules { sql += " ICU_RULES \(SQLText.literalOnOneLine(icuRules))" }
        return sql
    }

    /// Behind that: where it lies, when that is not the cluster's own place.
    var placing: String { tablespace == "pg_default" ? "" : " TABLESPACE \(SQLText.identifierOnOneLine(tablespace))" }

    private func owning(_ name: String) -> [String] {
        ["ALTER DATABASE \(SQLText.identifier(name)) OWNER TO \(SQLText.identifier(owner));"]
    }

    /// Takes back what extensions set for the database while they are loaded, as PostGIS does.
    static func reset(_ name: String) -> String { "ALTER DATABASE \(SQLText.identifier(name)) RESET ALL" }

    /// One statement, and what it is about, in words.
    struct Statement {
        let sql: String
        let words: String
        /// Changes nothing but what is said of the database: it may come from a stranger.
        let isHarmless: Bool
    }

    /// Who gets in, and how many: of a database that is replaced. Where it has rights of PostgreSQL's own, those.
    func admissions(to name: String) -> [Statement] {
        var door = self
        (door.settings, door.roleSettings, door.labels, door.comment) = ([], [], [], nil)
        door.rights = effectiveRights
        return door.statements(for: name)
    }

    /// With PostgreSQL's own where none are kept.
    var effectiveRights: [Right] {
        let own = [(nil, "CONNECT"), (nil, "TEMPORARY"), (owner, "CONNECT"), (owner, "CREATE"), (owner, "TEMPORARY")]
        return rights ?? own.map { Right(role: $0.0, privilege: $0.1, isGrantable: false) }
    }

    /// What follows once its owner has it.
    func statements(for name: String) -> [Statement] {
        let database = "DATABASE \(SQLText.identifier(name))"
        var statements: [Statement] = []
        func add(_ sql: String, _ words: String, isHarmless: Bool = false) {
            statements.append(Statement(sql: sql + ";", words: words, isHarmless: isHarmless))
        }
        if connectionLimit != -1 {
            // Not harmless: 0 shuts everybody out.
            add("ALTER \(database) CONNECTION LIMIT \(connectionLimit)", "the connection limit \(connectionLimit)")
        }
        if let comment {
            add("COMMENT ON \(database) IS \(SQLText.literal(comment))", "the comment", isHarmless: true)
        }
        for setting in settings.compactMap(ServerSetting.init) {
            add("ALTER \(database) SET \(setting.sql)", "the setting \(setting.name)")
        }
        for role in roleSettings {
            for setting in role.settings.compactMap(ServerSetting.init) {
                add(
                    "ALTER ROLE \(SQLText.identifier(role.role)) IN \(database) SET \(setting.sql)",
                    "the setting \(setting.name) of the role \(role.role)")
            }
        }
        if let rights {
            add("REVOKE ALL ON \(database) FROM PUBLIC", "the rights of everybody")
            add("REVOKE ALL ON \(database) FROM \(SQLText.identifier(owner))", "the rights of its owner")
            for right in rights where ["CONNECT", "CREATE", "TEMPORARY"].contains(right.privilege) {
                let to = right.role.map(SQLText.identifier) ?? "PUBLIC"
                add(
                    "GRANT \(right.privilege) ON \(database) TO \(to)\(right.isGrantable ? " WITH GRANT OPTION" : "")",
                    "the right of \(right.role ?? "everybody") to \(right.privilege.lowercased())")
            }
        }
        for label in labels {
            add(
                "SECURITY LABEL FOR \(SQLText.identifier(label.provider)) ON \(database) IS \(SQLText.literal(label.label))",
                "the security label of \(label.provider)")
        }
        return statements
    }
}

/// One `name=value` of `pg_db_role_setting` as SET takes it.
struct ServerSetting {
    let name: String
    let sql: String

    /// Those whose value is a list of names, each to be quoted by itself: PostgreSQL's `GUC_LIST_QUOTE` (`variable_is_guc_list_quote`
    /// of its `dumputils.c`).
    private static let lists: Set<String> = [
        "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
        "temp_tablespaces", "unix_socket_directories",
    ]

    /// Nil for what has no `=`.
    init?(_ text: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
        name = String(text[..<equals])
        let value = String(text[text.index(after: equals)...])
        let quoted = name.split(separator: ".", omittingEmptySubsequences: false)
            .map { SQLText.identifier(String($0)) }.joined(separator: ".")
        let values = Self.lists.contains(name.lowercased()) ? Self.elements(value) : [value]
        sql = "\(quoted) TO " + values.map(SQLText.literal).joined(separator: ", ")
    }

    /// The names of a list as PostgreSQL keeps it: some in double quotes, with commas between.
    static func elements(_ text: String) -> [String] {
        var (elements, current, isQuoted) = ([String](), "", false)
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"" where isQuoted && rest.first == "\"":
                rest.removeFirst()
                current.unicodeScalars.append(scalar)
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                elements.append(current)
                current = ""
            case " " where !isQuoted: continue
            default: current.unicodeScalars.append(scalar)
            }
        }
        return elements + [current]
    }
}
