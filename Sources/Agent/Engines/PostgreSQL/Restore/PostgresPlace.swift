import Domain

/// The new database that a backup is loaded into.
struct PostgresPlace {
    /// The database that was backed up, on this server, if it is still there.
    let source: String
    let scratch: String
    let session: PostgresSession
    let maintenance: String

    private struct Source: Decodable {
        var encoding, collate, ctype, owner: String
        var provider, locale: String?
        var ownerIsOurs: Bool
    }

    /// Encoding, locale and owner are those of the source, where it still is; else the server's defaults. Until it is whole
    /// nobody else gets in: whoever could create something in it might have it run by who loads it. Answers with whose it
    /// is to be; nil for whoever connects.
    func create(for role: LoadRole?) async throws(BackupError) -> String? {
        // Columns of later versions are read through jsonb, where one that is not there is null.
        let found = try await session.ask(
            """
            SELECT json_build_object('encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate,
              'ctype', d.datctype, 'owner', pg_get_userbyid(d.datdba), 'ownerIsOurs', pg_has_role(d.datdba, 'USAGE'),
              'provider', to_jsonb(d)->>'datlocprovider',
              'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'))
            FROM pg_database d WHERE d.datname = \(SQLText.literal(source));
            """, database: maintenance, as: Source.self
        ).first
        let owner = found.flatMap { $0.ownerIsOurs ? $0.owner : nil }
        let name = SQLText.identifier(scratch)
        var sql = "CREATE DATABASE \(name) TEMPLATE template0 ALLOW_CONNECTIONS false"
        if let found { sql += Self.locale(found) }
        if let first = role?.name ?? owner { sql += " OWNER \(SQLText.identifier(first))" }
        do throws(BackupError) {
            try await session.execute(
                "\(sql);\nREVOKE ALL ON DATABASE \(name) FROM PUBLIC;\nALTER DATABASE \(name) ALLOW_CONNECTIONS true;",
                database: maintenance)
        } catch {
            let code: BackupError.Code = error.message.contains("42P04") ? .exists : error.code
            throw BackupError(code, "creating the database \"\(scratch)\" to restore into", cause: error)
        }
        if let role {
            // Up to PostgreSQL 14 the schema is the superuser's; since then the owner of the database stands for it.
            try await session.execute(
                """
                SELECT format('ALTER SCHEMA public OWNER TO %I', \(SQLText.literal(role.name)))
                  WHERE current_setting('server_version_num')::int < 150000 \\gexec
                """, database: scratch)
        }
        return owner
    }

    private static func locale(_ source: Source) -> String {
        var sql = " ENCODING \(SQLText.literal(source.encoding)) LC_COLLATE \(SQLText.literal(source.collate))"
        sql += " LC_CTYPE \(SQLText.literal(source.ctype))"
        guard let locale = source.locale else { return sql }
        switch source.provider {
        case "i": sql += " LOCALE_PROVIDER icu ICU_LOCALE \(SQLText.literal(locale))"
        case "b": sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE \(SQLText.literal(locale))"
        default: break
        }
        return sql
    }
}
