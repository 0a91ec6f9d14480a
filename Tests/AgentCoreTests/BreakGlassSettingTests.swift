import Domain
import Foundation
import Testing

@testable import AgentCore

@Suite struct BreakGlassSettingTests {
    private func setting(
        _ databases: [(name: String, url: String)], url: String? = nil, environment: [String: String] = [:]
    ) throws -> DatabaseSetting {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-glass-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "shop_db_daily_20260115_020000.sql")
        try Data("-- PostgreSQL database dump".utf8).write(to: file)
        let world = AgentWorld(
            now: { Date(timeIntervalSince1970: 0) }, newID: { UUID() }, environment: environment, hostName: "h",
            bootID: "b", chance: { 0 })
        let restore = BreakGlassRestore(world: world, paths: AgentPaths(data: folder))
        let configuration = AgentConfiguration(
            databases: try databases.map {
                .init(name: try DatabaseName($0.name), labels: [:], source: .postgres(.init(url: .inline($0.url))))
            })
        return try restore.setting(
            for: restore.find([file.path]), configuration: configuration, url: url, target: nil)
    }

    private func server(_ setting: DatabaseSetting) throws -> DatabaseSetting.Postgres {
        guard case .postgres(let server) = setting.source else { throw BackupError(.bug, "not PostgreSQL") }
        return server
    }

    @Test(arguments: ["env:TYPO", "env:EMPTY", "env:", ""]) func anEmptyURLNeverMeansTheDefaultServer(url: String) {
        let error = #expect(throws: BackupError.self) { try setting([], url: url, environment: ["EMPTY": ""]) }
        #expect(error?.code == .usage)
    }

    @Test func theURLNamesTheServerAndTheBackupTheDatabase() throws {
        let setting = try setting(
            [("other", "postgres://o/other")], url: "env:URL", environment: ["URL": "postgres://h/postgres"])
        #expect(setting.name.rawValue == "shop")
        #expect(try server(setting).url.text() == "postgres://h/postgres")
        #expect(try server(setting).database == "shop")
    }

    @Test func theEntryOfTheBackupsNameIsTaken() throws {
        let setting = try setting([("a", "postgres://a/a"), ("shop", "postgres://s/shop"), ("b", "postgres://b/b")])
        #expect(try server(setting) == .init(url: .inline("postgres://s/shop")))
    }

    @Test func anotherEntryIsTakenOnlyWhenItIsTheOnlyOne() throws {
        let only = try setting([("a", "postgres://a/a")])
        #expect(only.name.rawValue == "shop")
        #expect(try server(only).url.text() == "postgres://a/a")
        #expect(try server(only).database == "shop")
        let error = #expect(throws: BackupError.self) {
            try setting([("a", "postgres://a/a"), ("b", "postgres://b/b")])
        }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("--url") == true)
        #expect(throws: BackupError.self) { try setting([]) }
    }
}
