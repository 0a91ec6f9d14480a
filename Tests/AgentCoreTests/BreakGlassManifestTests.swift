import Archive
import Domain
import Foundation
import Testing

@testable import AgentCore

@Suite struct BreakGlassManifestTests {
    private static let restore = BreakGlassRestore(
        world: AgentWorld(
            now: { Date(timeIntervalSince1970: 0) }, newID: { UUID() }, environment: [:], hostName: "h", bootID: "b",
            chance: { 0 }), paths: AgentPaths(data: URL(filePath: "/nonexistent")))

    private static func object(_ role: ObjectRole, _ name: String) -> Manifest.Object {
        Manifest.Object(
            role: role, name: name, format: .plain, codec: .none, plainBytes: 1, plainSha256: "", storedBytes: 1,
            storedSha256: "")
    }

    /// Their checksums are compared, whichever of them are named.
    @Test func objectsOfOneBackupAreKnownByItsManifest() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-manifest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let stem = "shop_db_daily_20260115_020000"
        let names = ["\(stem)_globals.sql", "\(stem).sql"]
        let time = Date(timeIntervalSince1970: 0)
        let manifest = Manifest(
            id: UUID(), run: UUID(), attempt: 1, agent: .init(id: UUID(), name: "h"),
            database: .init(name: try DatabaseName("shop"), kind: .postgres, serverVersion: nil, sizeBytes: nil),
            policy: "p", tiers: [.daily], nominalAt: time, startedAt: time, snapshotAt: time, finishedAt: time,
            tool: "pg_dump 15", objects: [Self.object(.globals, names[0]), Self.object(.dump, names[1])],
            fingerprint: nil, restore: [], holdfast: "0.1.0")
        try Data(manifest.encoded()).write(to: folder.appending(path: stem + ".json"))
        let paths = (names + ["other.sql"]).map { folder.appending(path: $0).path }
        for path in paths { try Data("x".utf8).write(to: URL(filePath: path)) }
        for named in [[paths[1]], [paths[0], paths[1]], [paths[1], paths[0]]] {
            let found = try Self.restore.find(named)
            #expect(found.manifest != nil && found.readers.map(\.object.name) == names, "\(named)")
        }
        #expect(try Self.restore.find([paths[1], paths[2]]).manifest == nil)
    }

    @Test(arguments: [
        ("{}", "format is missing"), ("hello", "it is not JSON"), ("", "it is not JSON"),
        (#"{"format":1,"id":7}"#, "id is not"), (#"{"format":99}"#, "manifest format 99 is newer"),
    ])
    func aManifestThatIsNoneIsNamedWithAWayAroundIt(text: String, words: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-manifest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let manifest = folder.appending(path: "shop_db_daily_20260115_020000.json")
        let dump = folder.appending(path: "shop_db_daily_20260115_020000.sql")
        try Data(text.utf8).write(to: manifest)
        try Data("-- PostgreSQL database dump".utf8).write(to: dump)
        for place in [manifest, dump] {
            let error = try #require(throws: BackupError.self) { try Self.restore.find([place.path]) }
            #expect(error.code == .integrity)
            #expect(error.description.hasPrefix(manifest.lastPathComponent + ": "))
            #expect(error.description.contains(words) && error.description.contains("name the dump itself"))
            #expect(!error.description.contains("DecodingError"), "\(error)")
        }
        try FileManager.default.removeItem(at: manifest)
        #expect(try Self.restore.find([dump.path]).manifest == nil, "what the words advise does work")
    }
}
