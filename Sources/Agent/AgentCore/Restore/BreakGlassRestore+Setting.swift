import Archive
package import Domain
import Foundation

extension BreakGlassRestore {
    /// Which database's server or folder takes the restore: what `--url` says, else the entry of `agent.yaml` with the
    /// backup's name, else (files only) the target itself. Throws `.usage` saying what to give.
    package func setting(
        for found: Found, configuration: AgentConfiguration, url: String?, target: String?
    ) throws(BackupError) -> DatabaseSetting {
        let name = if let manifest = found.manifest { manifest.database.name } else { try DatabaseName("restored") }
        if let url {
            let text = url.hasPrefix("env:") ? world.environment[String(url.dropFirst(4))] ?? "" : url
            return DatabaseSetting(name: name, labels: [:], source: .postgres(.init(url: text)))
        }
        if let known = configuration.databases.first(where: { $0.name == name }) { return known }
        let kind = found.kind
        if kind == .postgres, let only = configuration.databases.first(where: { $0.kind == .postgres }) {
            return DatabaseSetting(name: name, labels: [:], source: only.source)
        }
        guard kind != .postgres, let target else {
            throw BackupError(
                .usage,
                kind == .postgres
                    ? "agent.yaml has no PostgreSQL server to restore into: give --url postgres://user@host/database"
                    : "agent.yaml has no database \(name): say where to restore with --to PATH")
        }
        switch kind {
        case .sqlite: return DatabaseSetting(name: name, labels: [:], source: .sqlite(path: target))
        case .application, .postgres:
            return DatabaseSetting(name: name, labels: [:], source: .application(paths: [target], exclude: []))
        }
    }
}

extension BreakGlassRestore.Found {
    var kind: DatabaseKind {
        if let manifest { return manifest.database.kind }
        switch readers.first?.object.format {
        case .sqlite: return .sqlite
        case .tar: return .application
        case .plain, .custom, nil: return .postgres
        }
    }
}
