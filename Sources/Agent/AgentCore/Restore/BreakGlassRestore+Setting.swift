import Archive
package import Domain
import Foundation

extension BreakGlassRestore {
    /// Which database's server or folder takes the restore: what `--url` says, else the entry of `agent.yaml` with the
    /// backup's name, else its only PostgreSQL server, or (files) the target itself. Throws `.usage` saying what to give.
    package func setting(
        for found: Found, configuration: AgentConfiguration, url: String?, target: String?
    ) throws(BackupError) -> DatabaseSetting {
        let known = try found.database
        let kind = found.kind
        let name = if let known { known } else { try DatabaseName("restored") }
        if let url {
            var server = try given(url)
            server.database = known?.rawValue
            return DatabaseSetting(name: name, labels: [:], source: .postgres(server))
        }
        if let entry = configuration.databases.first(where: { $0.name == known && $0.kind == kind }) { return entry }
        switch (kind, target) {
        case (.postgres, _):
            var server = try onlyServer(configuration, for: name)
            server.database = known?.rawValue
            return DatabaseSetting(name: name, labels: [:], source: .postgres(server))
        case (.sqlite, let target?): return DatabaseSetting(name: name, labels: [:], source: .sqlite(path: target))
        case (.application, let target?):
            return DatabaseSetting(name: name, labels: [:], source: .application(paths: [target], exclude: []))
        case (_, nil):
            throw BackupError(.usage, "agent.yaml has no database \(name): say where to restore with --to PATH")
        }
    }

    /// An empty one would lead to wherever libpq's defaults lead.
    private func given(_ url: String) throws(BackupError) -> DatabaseSetting.Postgres {
        guard url.hasPrefix("env:") else {
            guard !url.isEmpty else { throw BackupError(.usage, "--url is empty: give postgres://user@host/database") }
            return .init(url: .elsewhere(url))
        }
        let variable = String(url.dropFirst(4))
        guard let text = world.environment[variable], !text.isEmpty else {
            throw BackupError(.usage, "--url \(url): the environment variable \(variable) is not set")
        }
        return .init(url: .elsewhere(text))
    }

    /// A server is not guessed at where there are several.
    private func onlyServer(
        _ configuration: AgentConfiguration, for name: DatabaseName
    ) throws(BackupError) -> DatabaseSetting.Postgres {
        var servers: [DatabaseSetting.Postgres] = []
        for case .postgres(let postgres) in configuration.databases.map(\.source) { servers.append(postgres) }
        guard servers.count <= 1 else {
            throw BackupError(
                .usage,
                "agent.yaml has no database \(name), but \(servers.count) others of PostgreSQL: say into which server to "
                    + "restore with --url postgres://user@host/database")
        }
        guard let server = servers.first else {
            throw BackupError(
                .usage,
                "agent.yaml has no PostgreSQL server to restore into: give --url postgres://user@host/database")
        }
        return server
    }
}

extension BreakGlassRestore.Found {
    /// Whose backup it is, by its manifest, else by the name that Holdfast gave its file; nil when neither says it.
    var database: DatabaseName? {
        get throws(BackupError) {
            if let manifest { return manifest.database.name }
            let file = readers.first?.object.name ?? ""
            guard let match = file.firstMatch(of: /^(.+)_(?:db_[a-z]+|app)_\d{8}_\d{6}/) else { return nil }
            return try DatabaseName(String(match.1))
        }
    }

    /// The name of the database that a restore into the original name takes, which is what this host calls it. Throws `.usage`
    /// when there is none to go by.
    package func originalName(in setting: DatabaseSetting) throws(BackupError) -> String {
        guard kind == .postgres, try database != nil else {
            throw BackupError(.usage, "this backup has no original name to restore into: say --to NAME")
        }
        return RestorePlace.originalName(setting)
    }

    var kind: DatabaseKind {
        if let manifest { return manifest.database.kind }
        switch readers.first?.object.format {
        case .sqlite: return .sqlite
        case .tar: return .application
        case .plain, .custom, nil: return .postgres
        }
    }
}
