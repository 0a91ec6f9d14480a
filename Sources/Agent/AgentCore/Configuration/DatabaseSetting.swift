package import Domain
import Foundation
import Settings

/// One entry under `databases` in `agent.yaml`. Exactly one of `url`, `sqlite` and `application` says what it is.
///
/// - `name` (text of 1 to 63 bytes, required)
/// - `labels` (mapping of text to text): what policies select by
/// - `url` (`postgres://…`, or `env:NAME`, or `file:PATH`; secret)
/// - `format` (`plain` or `custom`, default `plain`), `binDirectory` (where pg_dump lies), `lockTimeoutSeconds` (1 to
///   86400, default 60), `globals` (default true: roles and tablespaces are in each backup): PostgreSQL only
/// - `sqlite` (absolute path)
/// - `application.paths` (list of absolute paths), `application.exclude` (list of patterns)
package struct DatabaseSetting: Sendable, Equatable {
    package var name: DatabaseName
    package var labels: [String: String]
    package var source: Source

    package enum Source: Sendable, Equatable {
        case postgres(Postgres)
        case sqlite(path: String)
        case application(paths: [String], exclude: [String])
    }

    package struct Postgres: Sendable, Equatable {
        package var url: Secret
        /// What PostgreSQL calls the database, where that is not what the url says; never from the file.
        package var database: String?
        package var format: ObjectFormat
        package var binDirectory: String?
        package var lockTimeoutSeconds: Int
        /// Whether roles and tablespaces are in each backup.
        package var globals = true

        package init(
            url: Secret, format: ObjectFormat = .plain, binDirectory: String? = nil, lockTimeoutSeconds: Int = 60
        ) {
            self.url = url
            self.format = format
            self.binDirectory = binDirectory
            self.lockTimeoutSeconds = lockTimeoutSeconds
        }
    }

    package var kind: DatabaseKind {
        switch source {
        case .postgres: .postgres
        case .sqlite: .sqlite
        case .application: .application
        }
    }

    package init(name: DatabaseName, labels: [String: String], source: Source) {
        self.name = name
        self.labels = labels
        self.source = source
    }

    init(_ setting: Setting, environment: [String: String]) throws(BackupError) {
        let postgresOnly = ["format", "binDirectory", "lockTimeoutSeconds", "globals"]
        let fields = try setting.fields(["name", "labels", "url", "sqlite", "application"] + postgresOnly)
        guard let nameSetting = fields["name"] else { throw setting.mistake("a database needs a name") }
        name = try nameSetting.checked { (value) throws(BackupError) in try DatabaseName(value.text()) }
        labels = [:]
        for (key, value) in try fields["labels"]?.entries() ?? [] { labels[key] = try value.text() }
        switch (fields["url"], fields["sqlite"], fields["application"]) {
        case (let url?, nil, nil):
            source = .postgres(try Self.postgres(url, fields, environment: environment))
        case (nil, let path?, nil):
            source = .sqlite(path: try Self.absolutePath(path))
        case (nil, nil, let application?):
            source = try Self.application(application)
        default:
            throw setting.mistake("expected exactly one of url, sqlite, application")
        }
        if fields["url"] == nil, let key = postgresOnly.first(where: { fields[$0] != nil }), let value = fields[key] {
            throw value.mistake("only a PostgreSQL database (with url) has this")
        }
    }

    private static func postgres(
        _ url: Setting, _ fields: [String: Setting], environment: [String: String]
    ) throws(BackupError) -> Postgres {
        var postgres = Postgres(url: try secret(url, environment: environment))
        if let format = fields["format"] {
            postgres.format = try format.word(ObjectFormat.self)
            guard postgres.format == .plain || postgres.format == .custom else {
                throw format.mistake("expected plain or custom")
            }
        }
        if let directory = fields["binDirectory"] { postgres.binDirectory = try absolutePath(directory) }
        if let timeout = fields["lockTimeoutSeconds"] { postgres.lockTimeoutSeconds = try timeout.number(1...86_400) }
        if let globals = fields["globals"] { postgres.globals = try globals.flag() }
        return postgres
    }

    private static func application(_ setting: Setting) throws(BackupError) -> Source {
        let fields = try setting.fields(["paths", "exclude"])
        var paths: [String] = []
        for path in try fields["paths"]?.items() ?? [] { paths.append(try absolutePath(path)) }
        guard !paths.isEmpty else { throw setting.mistake("expected paths: a list of one or more absolute paths") }
        var exclude: [String] = []
        for pattern in try fields["exclude"]?.items() ?? [] { exclude.append(try pattern.text()) }
        return .application(paths: paths, exclude: exclude)
    }

    static func absolutePath(_ setting: Setting) throws(BackupError) -> String {
        let path = try setting.text()
        guard path.hasPrefix("/"), !path.utf8.contains(0) else { throw setting.mistake("expected an absolute path") }
        return path
    }

    /// Throws only when it is no text: what is not there now may not be needed.
    private static func secret(_ setting: Setting, environment: [String: String]) throws(BackupError) -> Secret {
        let text = try setting.text()
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = environment[name], !value.isEmpty else {
                return .missing(
                    setting.mistake(
                        "the environment variable \(name) is not set; set it, or run this with the environment of the "
                            + "agent's service"
                    ).message)
            }
            return .elsewhere(value)
        }
        if text.hasPrefix("file:") {
            let path = String(text.dropFirst(5))
            guard let value = try? String(contentsOfFile: path, encoding: .utf8) else {
                return .missing(
                    setting.mistake("the file \(path) cannot be read; the agent's user must be able to").message)
            }
            return .elsewhere(value.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return .inline(text)
    }
}
