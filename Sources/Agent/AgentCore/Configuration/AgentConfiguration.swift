import Daemon
package import Domain
import Engines
package import Foundation
import Settings
import Wire

/// What `agent.yaml` says. Read at the start, and again at SIGHUP.
///
/// - `databases` (list, see ``DatabaseSetting``)
/// - `concurrency` (1 to 16, default 2): runs at the same time
/// - `retries.attempts` (1 to 10, default 3), `retries.delaySeconds` (0 to 3600, default 15): before the second
///   attempt; four times as long before each further one
/// - `allow` (see ``AllowSetting``)
package struct AgentConfiguration: Sendable, Equatable {
    package var databases: [DatabaseSetting]
    package var concurrency: Int
    package var attempts: Int
    package var retryDelaySeconds: Int
    package var allow = AllowSetting()

    package init(databases: [DatabaseSetting], concurrency: Int = 2, attempts: Int = 3, retryDelaySeconds: Int = 15) {
        self.databases = databases
        self.concurrency = concurrency
        self.attempts = attempts
        self.retryDelaySeconds = retryDelaySeconds
    }

    /// What no log may show: the databases' URLs with their passwords.
    package var secrets: [String] {
        databases.flatMap { database -> [String] in
            guard case .postgres(let postgres) = database.source else { return [] }
            // One that is missing cannot be shown.
            guard let url = try? postgres.url.text() else { return [] }
            let password = URLComponents(string: url)?.password
            return [url] + (password.map { [$0] } ?? [])
        }
    }

    /// Whether the password of a database stands in the file itself.
    private var holdsPassword: Bool {
        databases.contains { database in
            guard case .postgres(let postgres) = database.source, case .inline(let url) = postgres.url else {
                return false
            }
            // A url that does not parse is told by its database.
            return (try? PostgresConnection(parsing: url))?.hasPassword == true
        }
    }

    /// Throws `.configuration`, with the `chmod` to do, when others could have written the file that this was read from, or can
    /// read a password in it.
    package func requireRights(of file: URL?) throws(BackupError) {
        guard let file else { return }
        try FileRights.require(file.path, .settings(holdSecret: holdsPassword))
    }

    /// Throws `.configuration` for the first secret that is not where it should be: a running agent needs them all.
    package func requireSecrets() throws(BackupError) {
        for database in databases {
            if case .postgres(let postgres) = database.source { _ = try postgres.url.text() }
        }
    }

    /// Reads the file's text. Throws `.configuration` with line and key.
    package init(yaml: String, file: String, environment: [String: String]) throws(BackupError) {
        let root = try Setting(yaml: yaml, file: file).fields(["databases", "concurrency", "retries", "allow"])
        var databases: [DatabaseSetting] = []
        for item in try root["databases"]?.items() ?? [] {
            let database = try DatabaseSetting(item, environment: environment)
            guard !databases.contains(where: { $0.name == database.name }) else {
                throw item.mistake("a database of this name stands above already")
            }
            databases.append(database)
        }
        self.init(databases: databases)
        if let setting = root["concurrency"] { concurrency = try setting.number(1...16) }
        if let setting = root["allow"] { allow = try AllowSetting(setting) }
        if let retries = try root["retries"]?.fields(["attempts", "delaySeconds"]) {
            if let setting = retries["attempts"] { attempts = try setting.number(1...10) }
            if let setting = retries["delaySeconds"] { retryDelaySeconds = try setting.number(0...3600) }
        }
    }

    /// The configuration of a host that has no file: the database of `DATABASE_URL`, as the older scripts had it, or
    /// none.
    package init(environment: [String: String]) throws(BackupError) {
        guard let url = environment["DATABASE_URL"], !url.isEmpty else {
            self.init(databases: [])
            return
        }
        // Only the path of the URL is looked at here; the engine reads the rest.
        let name = URLComponents(string: url)?.path.drop(while: { $0 == "/" }) ?? ""
        guard !name.isEmpty else {
            throw BackupError(.configuration, "DATABASE_URL names no database: it must be postgres://host/database")
        }
        self.init(databases: [
            DatabaseSetting(
                name: try DatabaseName(String(name)), labels: [:], source: .postgres(.init(url: .elsewhere(url))))
        ])
    }
}
