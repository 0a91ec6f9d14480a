import Domain
import Sealing
import Threads

/// Loads roles and tablespaces before a dump whose owners and rights need them.
extension PostgresRestore {
    /// Roles that are there already stay as they are, with their rights, settings and passwords: the backup is older than
    /// they are. Any error is one, because the dump would fail for it later. Nothing is run before the source has been read
    /// to its end and found good. Answers with words for the operator.
    func loadGlobals(
        _ source: @escaping DecodedSource, _ session: PostgresSession, _ facts: PostgresFacts, _ maintenance: String
    ) async throws(BackupError) -> String {
        let rules = GlobalsText.Rules(
            roles: try await names("SELECT to_json(rolname) FROM pg_roles;", session, maintenance),
            isTrusted: request.origin != .foreign,
            userSettings: Set(
                try await session.ask(
                    "SELECT to_json(name) FROM pg_settings WHERE context = 'user';", database: maintenance,
                    as: String.self)
            ), privileged: try await names(Self.privilegedRoles, session, maintenance))
        let text = try await onThread { () throws(BackupError) in try Self.collect(source) }
        let globals = try GlobalsText(text, rules)
        let (client, isRestricting) = try await session.tools.client(stop: session.stop)
        let token: String
        do { token = hex(try randomBytes(16)) } catch { throw BackupError(.bug, "making a key", cause: error) }
        var script = Array(SessionPins.script(limit: .seconds(600)).utf8)
        if isRestricting { script += Array("\\restrict \(token)\n".utf8) }
        script += globals.kept
        if isRestricting { script += Array("\\unrestrict \(token)\n".utf8) }
        var child = session.child(
            client, ["--no-psqlrc", "--quiet", "--no-password", "--set=VERBOSITY=verbose", "--file=-"],
            database: maintenance)
        child.deadline = .seconds(600)
        let (ending, _) = try await child.collect(input: script, stop: session.stop)
        guard ending.isSuccess else { throw PostgresFailure.error(doing: "loading roles and tablespaces", ending) }
        let duplicate = "42710"
        var present = 0
        for error in ServerMessage.errors(in: ending.standardError) {
            guard error.code == duplicate else {
                throw BackupError(.sourceRefused, "loading roles and tablespaces: \(error)")
            }
            present += 1
        }
        let tablespaces = present > 0 ? "; \(CountText.of(present, "tablespace")) there already" : ""
        let refused =
            globals.refused.isEmpty
            ? ""
            : "; NOT given, since the backup is not this host's own (--trust-origin gives it): "
                + globals.refused.prefix(20).joined(separator: ", ")
        return "roles and tablespaces loaded; \(CountText.of(globals.left, "role")) there already, left as they are"
            + tablespaces + refused
    }

    private func names(
        _ sql: String, _ session: PostgresSession, _ database: String
    ) async throws(BackupError) -> Set<[UInt8]> {
        Set(try await session.ask(sql, database: database, as: String.self).map { Array($0.utf8) })
    }

    /// Superusers, and the roles that may run programs or read and write files of the server, themselves or by membership.
    static let privilegedRoles = """
        SELECT to_json(r.rolname) FROM pg_roles r WHERE r.rolsuper OR EXISTS (
          SELECT FROM pg_roles g WHERE g.rolname IN ('pg_execute_server_program', 'pg_read_server_files',
            'pg_write_server_files') AND pg_has_role(r.oid, g.oid, 'MEMBER'));
        """

    private static func collect(_ source: DecodedSource) throws(BackupError) -> [UInt8] {
        var bytes: [UInt8] = []
        try source { (piece) throws(BackupError) in
            guard bytes.count + piece.count <= 64 << 20 else {
                throw BackupError(.integrity, "the roles and tablespaces are larger than 64 MiB")
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }
}
