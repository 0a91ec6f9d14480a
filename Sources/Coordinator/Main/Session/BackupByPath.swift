import Archive
import CoordinatorClient
import Domain
import Wire

/// A backup that a person names by where one of its objects lies, as other tools show it.
struct BackupByPath: Sendable {
    let client: OperatorClient

    private static let shown = 20

    /// Whether that is no id: those are hex digits and dashes.
    static func isPath(_ text: String) -> Bool {
        !text.isEmpty && !text.allSatisfy { $0 == "-" || $0.isASCII && $0.isHexDigit }
    }

    /// For what is a path whatever it looks like.
    static func asPath(_ text: String) -> String { isPath(text) || text.isEmpty ? text : "./" + text }

    /// The only backup with an object, or its manifest, there. Throws `.notFound`, with `otherwise` as the way on, and `.usage`
    /// naming the ids where there are several.
    func backup(_ path: String, otherwise: String) async throws -> BackupView {
        let found = try await backups(path)
        if let only = found.first, found.count == 1 { return only }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard found.isEmpty else {
            throw BackupError(
                .usage,
                "\(found.count > Self.shown ? "many backups" : CountText.of(found.count, "backup")) may be meant by \(path); pass the id of one: "
                    + Self.words(found))
        }
        let alike = name == path ? [] : try await backups(name)
        let hint = alike.isEmpty ? "" : "; an object of that name, elsewhere, is of \(Self.words(alike))"
        throw BackupError(.notFound, "no backup in the catalog has \(path)\(hint); \(otherwise)")
    }

    private func backups(_ path: String) async throws -> [BackupView] {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return try await client.backups(BackupQuery(limit: Self.shown + 1, path: path)).filter { backup in
            // A coordinator that is older lists them all.
            backup.objects.contains { $0.name == name || BackupKeys.manifestName(beside: $0.name) == name }
        }
    }

    private static func words(_ backups: [BackupView]) -> String {
        let first = backups.prefix(shown).map { backup in
            "\(ShortID.text(backup.id)) (\(backup.database) from \(backup.agent), \(Quantity.time(backup.dataAsOf)))"
        }
        return first.joined(separator: ", ") + (backups.count > shown ? " and more" : "")
    }
}
