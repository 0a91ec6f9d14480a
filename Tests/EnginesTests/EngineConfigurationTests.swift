import Domain
import Engines
import Foundation
import Testing

@Suite("The configuration of one database")
struct EngineConfigurationTests {
    private let folder = URL(filePath: "/tmp/holdfast-unused")

    private func make(_ configuration: EngineConfiguration) throws -> any Engine {
        try configuration.makeEngine(name: DatabaseName("x"), spool: folder, restores: folder)
    }

    @Test("makes the engine of its kind")
    func kinds() throws {
        let all: [EngineConfiguration] = [
            .postgres(url: "postgresql://h/x", format: .custom), .sqlite(path: "/x.db"), .application(paths: ["/etc"]),
        ]
        for configuration in all { #expect(try make(configuration).kind == configuration.kind) }
        #expect(all.map(\.kind) == [.postgres, .sqlite, .application])
    }

    @Test(
        "with a mistake is refused before anything runs",
        arguments: [
            EngineConfiguration.postgres(url: "postgresql://h/x", format: .tar), .postgres(url: "nonsense"),
            .sqlite(path: "relative.db"), .application(paths: []), .application(paths: ["relative"]),
            .application(paths: ["/etc/../root"]), .application(paths: ["/etc"], exclude: [""]),
        ])
    func mistakes(configuration: EngineConfiguration) {
        let error = #expect(throws: BackupError.self) { try make(configuration) }
        #expect(error?.code == .configuration)
    }
}
