import AgentCore
import Domain
import Foundation
import Testing
import Wire

@Suite struct AgentConfigurationTests {
    private func read(_ yaml: String, _ environment: [String: String] = [:]) throws -> AgentConfiguration {
        try AgentConfiguration(yaml: yaml, file: "agent.yaml", environment: environment)
    }

    @Test func theExampleOfTheDesignIsRead() throws {
        let configuration = try read(
            """
            databases:
              - { name: inventorysync, url: "env:DATABASE_URL", labels: { env: prod }, format: plain }
              - { name: devdb, sqlite: /var/lib/app/dev.db, labels: { env: dev } }
              - { name: settings, application: { paths: [/etc/inventorysync, /srv/x], exclude: ["*.log"] } }
            """, ["DATABASE_URL": "postgres://u:CANARY-p@h/d"])
        #expect(configuration.databases.map(\.name.rawValue) == ["inventorysync", "devdb", "settings"])
        #expect(configuration.databases[0].source == .postgres(.init(url: .elsewhere("postgres://u:CANARY-p@h/d"))))
        #expect(configuration.databases[1].labels == ["env": "dev"])
        #expect(
            configuration.databases[2].source
                == .application(paths: ["/etc/inventorysync", "/srv/x"], exclude: ["*.log"]))
        #expect(configuration.secrets.contains("CANARY-p"))
    }

    @Test func aHostWhoseFileIsGoneDoesNotGoOnWithLess() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plan-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let paths = AgentPaths(data: folder)
        let file = folder.appending(path: "agent.yaml")
        try DeclaringFile.require(nil, paths)  // a host that never had one
        try DeclaringFile.remember(nil, paths)
        try DeclaringFile.require(nil, paths)
        try DeclaringFile.remember(file, paths)
        try DeclaringFile.require(file, paths)
        let error = #expect(throws: BackupError.self) { try DeclaringFile.require(nil, paths) }
        #expect(error?.code == .configuration && error?.message.contains("were declared in \(file.path)") == true)
        // A damaged mark still counts, and does not stop a host whose file is there.
        try Data("{".utf8).write(to: paths.declaringFile)
        #expect(throws: BackupError.self) { try DeclaringFile.require(nil, paths) }
        try DeclaringFile.require(file, paths)
        try DeclaringFile.remember(file, paths)
        let again = #expect(throws: BackupError.self) { try DeclaringFile.require(nil, paths) }
        #expect(again?.message == error?.message)
        try FileManager.default.removeItem(at: paths.declaringFile)
        try DeclaringFile.require(nil, paths)
    }

    @Test(arguments: [
        ("databases:\n  - { name: a, sqlite: /a, colour: red }\n", "agent.yaml:2: databases[0].colour: unknown key"),
        ("databases:\n  - { sqlite: /a }\n", "agent.yaml:2: databases[0]: a database needs a name"),
        (
            "databases:\n  - { name: a }\n",
            "agent.yaml:2: databases[0]: expected exactly one of url, sqlite, application"
        ),
        (
            "databases:\n  - { name: a, sqlite: relative.db }\n",
            "agent.yaml:2: databases[0].sqlite: expected an absolute path"
        ),
        (
            "databases:\n  - { name: a, sqlite: /a }\n  - { name: a, sqlite: /b }\n",
            "agent.yaml:3: databases[1]: a database of this name"
        ),
        (
            "databases:\n  - { name: a, url: x, format: tar }\n",
            "agent.yaml:2: databases[0].format: expected plain or custom"
        ),
        (
            "databases:\n  - { name: a, sqlite: /a, format: plain }\n",
            "agent.yaml:2: databases[0].format: only a PostgreSQL database"
        ),
        ("concurrency: 99\n", "agent.yaml:1: concurrency: must be 1 to 16, is 99"),
        ("databases: yes\n", "agent.yaml:1: databases: expected a list"),
        ("retries: { attempts: 0 }\n", "agent.yaml:1: retries.attempts: must be 1 to 10, is 0"),
    ])
    func aMistakeIsToldWithLineAndKey(yaml: String, message: String) throws {
        let error = try #require(throws: BackupError.self) { try read(yaml) }
        #expect(error.code == .configuration)
        #expect(error.message.hasPrefix(message), "\(error.message)")
    }

    /// `join` and `doctor` run in a plain shell, where only the service has the variable.
    @Test(arguments: [
        ("env:NOPE", "agent.yaml:2: databases[0].url: the environment variable NOPE is not set"),
        ("file:/nonexistent/url", "agent.yaml:2: databases[0].url: the file /nonexistent/url cannot be read"),
    ])
    func aMissingSecretIsAMistakeOnlyForWhoNeedsIt(url: String, message: String) throws {
        let configuration = try read(
            "databases:\n  - { name: a, url: \"\(url)\", labels: { env: prod } }\n  - { name: b, sqlite: /b }\n")
        #expect(configuration.databases.map(\.name.rawValue) == ["a", "b"])
        #expect(configuration.databases.map(\.kind) == [.postgres, .sqlite])
        #expect(configuration.databases[0].labels == ["env": "prod"])
        let error = #expect(throws: BackupError.self) { try configuration.requireSecrets() }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix(message) == true)
    }

    @Test func withoutAFileTheOlderVariableNamesTheDatabase() throws {
        let configuration = try AgentConfiguration(environment: [
            "DATABASE_URL": "postgresql://u:p@localhost:5432/inventory"
        ])
        #expect(configuration.databases.map(\.name.rawValue) == ["inventory"])
        #expect(try AgentConfiguration(environment: [:]).databases.isEmpty)
        #expect(throws: BackupError.self) { try AgentConfiguration(environment: ["DATABASE_URL": "postgres://host"]) }
    }
}
