import Domain
import Engines
import Foundation
import Testing

@Suite("An engine with a mistake in its settings")
struct EngineSettingTests {
    /// What makes the engines, as the agent does it.
    enum Maker: Sendable {
        case postgres(url: String, format: ObjectFormat = .plain)
        case sqlite(path: String)
        case application(paths: [String], exclude: [String] = [])

        func make() throws -> any Engine {
            let (name, folder) = (try DatabaseName("x"), URL(filePath: "/tmp/holdfast-unused"))
            switch self {
            case .postgres(let url, let format):
                return try PostgresEngine(name: name, connection: PostgresConnection(parsing: url), format: format)
            case .sqlite(let path): return try SQLiteEngine(name: name, path: path, spool: folder)
            case .application(let paths, let exclude):
                return try ApplicationEngine(name: name, paths: paths, exclude: exclude, restoreBase: folder)
            }
        }
    }

    @Test(
        "is refused before anything runs",
        arguments: [
            Maker.postgres(url: "postgresql://h/x", format: .tar), .postgres(url: "nonsense"),
            .sqlite(path: "relative.db"), .application(paths: []), .application(paths: ["relative"]),
            .application(paths: ["/etc/../root"]), .application(paths: ["/etc"], exclude: [""]),
        ])
    func mistakes(maker: Maker) {
        let error = #expect(throws: BackupError.self) { try maker.make() }
        #expect(error?.code == .configuration)
    }
}
