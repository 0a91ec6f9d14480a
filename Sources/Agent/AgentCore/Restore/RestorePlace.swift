import Domain
import Engines
import Foundation
import Wire

/// Where a restore is to go, as against what the host declares.
struct RestorePlace {
    /// It is one of the declared databases itself.
    let isDeclared: Bool
    /// It is a place of its own beside the database.
    let isBeside: Bool
    private let target: String
    private let isPath: Bool

    /// `setting` is the database whose server or folder takes the restore.
    init(_ target: String, _ setting: DatabaseSetting, _ declared: [DatabaseSetting], _ paths: AgentPaths) {
        switch setting.source {
        case .postgres:
            let server = Self.connection(setting)
            // A url that is missing fails the restore itself.
            isDeclared = declared.contains { other in
                guard let there = Self.connection(other) else { return false }
                return there.environment == server?.environment
                    && (there.database ?? other.name.rawValue) == target
            }
            isBeside = !isDeclared
            (self.target, isPath) = (target, false)
        case .sqlite(let file):
            let files = declared.compactMap { other -> String? in
                guard case .sqlite(let path) = other.source else { return nil }
                return path
            }
            (isDeclared, isBeside) = Self.compare(target, files, besides: [file], paths)
            (self.target, isPath) = (RealPath.of(target) ?? "", true)
        case .application(let folders, _):
            (isDeclared, isBeside) = Self.compare(target, folders, besides: folders, paths)
            (self.target, isPath) = (RealPath.of(target) ?? "", true)
        }
    }

    /// What PostgreSQL calls the database of this setting.
    static func originalName(_ setting: DatabaseSetting) -> String {
        connection(setting)?.database ?? setting.name.rawValue
    }

    private static func connection(_ setting: DatabaseSetting) -> PostgresConnection? {
        // A url that is missing or wrong is no server of ours: nothing counts as declared by it, and the restore says why it fails.
        guard case .postgres(let postgres) = setting.source, let text = try? postgres.url.text() else { return nil }
        var connection = try? PostgresConnection(parsing: text)
        if let database = postgres.database { connection?.database = database }
        return connection
    }

    /// What a copy may end in beside what its original ends in: nobody runs these.
    private static let copies: Set = ["copy", "old", "new", "bak", "orig", "restored"]

    /// Beside is in the same folder, under a name that begins and ends like that of what is there (`app_old.db` beside `app.db`):
    /// `.ssh` is not beside `.config`, nor `app.php` beside `app.db`.
    private static func compare(
        _ target: String, _ declared: [String], besides: [String], _ paths: AgentPaths
    ) -> (isDeclared: Bool, isBeside: Bool) {
        guard let target = RealPath.of(target) else { return (false, false) }
        if declared.contains(where: { RealPath.of($0) == target }) { return (true, false) }
        let parts = target.split(separator: "/")
        let isBeside = besides.compactMap(RealPath.of).contains { source in
            let source = source.split(separator: "/")
            guard let last = source.last, let wanted = parts.last else { return false }
            let (own, name) = (URL(filePath: "/" + String(last)), URL(filePath: "/" + String(wanted)))
            return parts.dropLast() == source.dropLast()
                && name.lastPathComponent.hasPrefix(own.deletingPathExtension().lastPathComponent)
                && (name.pathExtension == own.pathExtension || copies.contains(name.pathExtension))
        }
        return (false, isBeside || RealPath.of(paths.restored.path).map { HostLimits.isInside(target, $0) } ?? false)
    }

    /// Whether one of these folders holds it, or one of these names is its own.
    func isListed(in places: [String]) -> Bool {
        places.contains { place in
            guard isPath else { return place == target }
            return !target.isEmpty && (RealPath.of(place).map { HostLimits.isInside(target, $0) } ?? false)
        }
    }
}
