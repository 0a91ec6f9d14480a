import Archive
import Domain

/// Roles that a backup needs and the server does not have, known before hours of loading.
struct MissingRoles: Equatable {
    let names: [String]

    private static let mostTold = 10

    /// By what the backup says of its database; what a backup of before does not say is found while it is loaded.
    static func find(
        for request: RestoreRequest, _ session: PostgresSession, _ maintenance: String
    ) async throws(BackupError) -> Self {
        var wanted: Set<String> = []
        if let properties = request.properties {
            wanted = Set(properties.roles ?? [])
            if request.origin != .foreign {
                wanted.insert(properties.owner)
                wanted.formUnion((properties.rights ?? []).compactMap(\.role))
                wanted.formUnion(properties.roleSettings.map(\.role))
            }
        }
        // PostgreSQL's own cannot be made.
        wanted = wanted.filter { !$0.isEmpty && $0.utf8.count <= 63 && !$0.hasPrefix("pg_") }
        guard !wanted.isEmpty else { return Self(names: []) }
        let list = wanted.sorted().prefix(2000).map { "(\(SQLText.literal($0)))" }.joined(separator: ", ")
        let names = try await session.ask(
            "SELECT to_json(name) FROM (VALUES \(list)) w(name) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name);",
            database: maintenance, as: String.self)
        return Self(names: names.sorted())
    }

    /// What lacks, and what to do; nil when nothing does.
    var words: String? {
        guard !names.isEmpty else { return nil }
        let lines = names.prefix(Self.mostTold).map { "CREATE ROLE \(SQLText.identifierOnOneLine($0)) NOLOGIN" }
        let more = names.count > Self.mostTold ? " … (\(names.count) in all)" : ""
        return
            "\(names.count == 1 ? "a role" : "roles") that things in the backup belong or are granted to "
            + "\(names.count == 1 ? "is" : "are") not on this server: restore with --globals, which makes them as the "
            + "backup has them, or with --create-roles, which makes them without login and password; by hand: "
            + "\(lines.joined(separator: "; "))\(more)"
    }

    /// Makes them: nobody can log in as one, and none has more rights than everybody. Answers with words for the operator; nil when
    /// none was missing.
    func create(_ session: PostgresSession, _ maintenance: String) async throws(BackupError) -> String? {
        guard !names.isEmpty else { return nil }
        let statements = names.map { "CREATE ROLE \(SQLText.identifier($0)) NOLOGIN;" }
        do throws(BackupError) {
            try await session.execute("BEGIN;\n\(statements.joined(separator: "\n"))\nCOMMIT;", database: maintenance)
        } catch {
            throw BackupError(
                error.code, "making the roles that are missing, as --create-roles asks; nothing was loaded",
                cause: error)
        }
        let told = names.prefix(Self.mostTold).joined(separator: ", ")
        let more = names.count > Self.mostTold ? " and \(names.count - Self.mostTold) more" : ""
        return "the roles \(told)\(more) were made, without login and password"
    }
}
