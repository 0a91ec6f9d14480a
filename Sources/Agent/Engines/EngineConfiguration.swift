package import Domain
package import Foundation

/// What `agent.yaml` says about one database, as values; makes the engine for it.
package enum EngineConfiguration: Sendable, Equatable {
    /// `url` as in ``PostgresConnection``; `format` is plain or custom; `binDirectory` nil looks in the usual places.
    case postgres(url: String, format: ObjectFormat = .plain, binDirectory: String? = nil, globals: Bool = true)
    case sqlite(path: String)
    case application(paths: [String], exclude: [String] = [])

    package var kind: DatabaseKind {
        switch self {
        case .postgres: .postgres
        case .sqlite: .sqlite
        case .application: .application
        }
    }

    /// `spool` is the agent's own folder for copies of SQLite databases, `restores` the one in which application files
    /// come back when no target is named. Throws `.configuration`, saying what is wrong.
    package func makeEngine(name: DatabaseName, spool: URL, restores: URL) throws(BackupError) -> any Engine {
        switch self {
        case .postgres(let url, let format, let binDirectory, let globals):
            try PostgresEngine(
                name: name, connection: PostgresConnection(parsing: url), format: format, binDirectory: binDirectory,
                globals: globals)
        case .sqlite(let path): try SQLiteEngine(name: name, path: path, spool: spool)
        case .application(let paths, let exclude):
            try ApplicationEngine(name: name, paths: paths, exclude: exclude, restoreBase: restores)
        }
    }
}
