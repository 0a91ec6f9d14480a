package import Domain
package import Engines
import Foundation

/// The engines of the databases that this host's own configuration declares, and of no others.
package struct EngineCatalog: Sendable {
    private let configuration: LiveConfiguration
    private let paths: AgentPaths

    package init(_ configuration: LiveConfiguration, paths: AgentPaths) {
        self.configuration = configuration
        self.paths = paths
    }

    /// Throws `.configuration` when the host does not declare this database, or as another kind.
    package func engine(for name: DatabaseName, kind: DatabaseKind) throws(BackupError) -> any Engine {
        guard let setting = configuration.current.databases.first(where: { $0.name == name }) else {
            throw BackupError(
                .configuration, "database \(name.rawValue.debugDescription) is not in this host's agent.yaml")
        }
        guard setting.kind == kind else {
            throw BackupError(
                .configuration,
                "database \(name.rawValue.debugDescription) is \(setting.kind.rawValue) in agent.yaml, not \(kind.rawValue)"
            )
        }
        return try Self.engine(setting, paths: paths)
    }

    package static func engine(_ setting: DatabaseSetting, paths: AgentPaths) throws(BackupError) -> any Engine {
        switch setting.source {
        case .postgres(let postgres):
            var connection = try PostgresConnection(parsing: postgres.url.text())
            if let database = postgres.database { connection.database = database }
            return try PostgresEngine(
                name: setting.name, connection: connection, format: postgres.format,
                binDirectory: postgres.binDirectory, globals: postgres.globals,
                lockTimeout: .seconds(postgres.lockTimeoutSeconds))
        case .sqlite(let path):
            return try SQLiteEngine(name: setting.name, path: path, spool: paths.scratch)
        case .application(let files, let exclude):
            return try ApplicationEngine(
                name: setting.name, paths: files, exclude: exclude, restoreBase: paths.restored)
        }
    }
}
