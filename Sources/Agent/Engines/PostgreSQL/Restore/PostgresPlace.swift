import Archive
import Domain

/// The new database that a backup is loaded into.
struct PostgresPlace {
    /// The database that was backed up, on this server, if it is still there.
    let source: String
    let scratch: String
    let session: PostgresSession
    let maintenance: String
    /// The server's version.
    let major: Int
    /// What the backup says of the database itself; nil for one of before that was kept.
    let properties: DatabaseProperties?
    /// Whether the backup's word counts for whose it is to be and where it lies.
    let isTrusted: Bool
    let trace: RestoreTrace

    struct Made {
        /// Whose it is to be; nil for whoever connects.
        var owner: String?
        /// What could not be made as it was, each with its reason.
        var failures: [String] = []
    }

    /// Encoding and locale are those of the backup; of an older backup those of the source, where it still is, else the server's
    /// defaults. So is the owner, if we may give to him. Nobody gets in before ``open(for:)``. When it throws, nothing was made.
    func create(for role: LoadRole?) async throws(BackupError) -> Made {
        let living = try await DatabaseProperties.read(session, of: source, from: maintenance)
        guard let wanted = properties ?? living else {
            try await create("", for: role, owner: nil)
            return Made()
        }
        var made = Made()
        let owner = isTrusted ? wanted.owner : living?.owner
        let there = try await lookUp(owner: owner, tablespace: wanted.tablespace)
        made.owner = there.isOwnerOurs ? owner : nil
        if let owner, made.owner == nil, properties != nil {
            made.failures.append(
                there.hasOwner
                    ? "the owner \(owner): this role may not give the database to it"
                    : "the owner \(owner): there is no such role; restore with --globals, or make it")
        }
        var placing = ""
        if isTrusted, properties != nil {
            placing = there.hasTablespace ? wanted.placing : ""
            if !there.hasTablespace {
                made.failures.append(
                    "the tablespace \(wanted.tablespace): there is none here; make it with CREATE TABLESPACE")
            }
        }
        do throws(BackupError) {
            try await create(wanted.making(major) + placing, for: role, owner: made.owner)
        } catch  where Self.isForeignHere(error) {
            // The right bytes in the wrong order, and said so, are more than none.
            made.failures.append(
                "the locale: \(error.cause.map { "\($0)" } ?? error.message); texts are ordered as by C")
            try await create(wanted.inLocaleC.making(major) + placing, for: role, owner: made.owner)
        }
        return made
    }

    private func create(_ options: String, for role: LoadRole?, owner: String?) async throws(BackupError) {
        // A killed agent leaves it: the limit says whose it is until the oid does.
        var thing = RestoreThing(kind: .database, name: scratch, birthmark: try RestoreThing.birthmark())
        trace(.makes(thing))
        var sql =
            "CREATE DATABASE \(SQLText.identifier(scratch)) TEMPLATE template0 ALLOW_CONNECTIONS false "
            + "CONNECTION LIMIT \(thing.birthmark ?? -1)" + options
        if let first = role?.name ?? owner { sql += " OWNER \(SQLText.identifier(first))" }
        do throws(BackupError) {
            try await session.execute("\(sql);", database: maintenance)
        } catch {
            let code: BackupError.Code = error.message.contains("42P04") ? .exists : error.code
            throw BackupError(code, "creating the database \"\(scratch)\" to restore into", cause: error)
        }
        thing.mark = try await session.oid(of: scratch, from: maintenance)
        trace(.makes(thing))
    }

    /// Lets who loads it in. Until it is whole nobody else gets in: whoever could create something in it might have it run by
    /// who loads it.
    func open(for role: LoadRole?) async throws(BackupError) {
        let name = SQLText.identifier(scratch)
        try await session.execute(
            "REVOKE ALL ON DATABASE \(name) FROM PUBLIC;\nALTER DATABASE \(name) ALLOW_CONNECTIONS true CONNECTION LIMIT -1;",
            database: maintenance)
        guard let role else { return }
        // Up to PostgreSQL 14 the schema is the superuser's; since then the owner of the database stands for it.
        try await session.execute(
            """
            SELECT format('ALTER SCHEMA public OWNER TO %I', \(SQLText.literal(role.name)))
              WHERE current_setting('server_version_num')::int < 150000 \\gexec
            """, database: scratch)
    }

    private struct There: Decodable {
        var hasOwner, isOwnerOurs, hasTablespace: Bool
    }

    private func lookUp(owner: String?, tablespace: String) async throws(BackupError) -> There {
        let role = SQLText.literal(owner ?? "")
        let found = try await session.ask(
            """
            SELECT json_build_object('hasOwner', EXISTS (SELECT FROM pg_roles WHERE rolname = \(role)),
              'isOwnerOurs', coalesce((SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = \(role)), false),
              'hasTablespace', EXISTS (SELECT FROM pg_tablespace WHERE spcname = \(SQLText.literal(tablespace))));
            """, database: maintenance, as: There.self
        ).first
        guard let found else { throw BackupError(.sourceUnavailable, "asking \(session.connection): no answer") }
        return found
    }

    /// Whether the server does not know a locale, a provider or an option: classes 22 and 42 of SQLSTATE but for a name that is
    /// taken and a missing right.
    private static func isForeignHere(_ error: BackupError) -> Bool {
        let text = "\(error)"
        return ["22023", "42809", "42601", "42704", "0A000"].contains { text.contains($0) }
    }
}

extension DatabaseProperties {
    /// The same with the one order that every server has.
    fileprivate var inLocaleC: Self {
        var plain = self
        (plain.collate, plain.ctype, plain.provider, plain.locale, plain.icuRules) = ("C", "C", "c", nil, nil)
        return plain
    }
}
