import Domain
import Foundation
import Testing

@testable import AgentCore

@Suite struct BreakGlassManifestTests {
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
        let restore = BreakGlassRestore(
            world: AgentWorld(
                now: { Date(timeIntervalSince1970: 0) }, newID: { UUID() }, environment: [:], hostName: "h",
                bootID: "b", chance: { 0 }))
        for place in [manifest, dump] {
            let error = try #require(throws: BackupError.self) { try restore.find([place.path]) }
            #expect(error.code == .integrity)
            #expect(error.description.hasPrefix(manifest.lastPathComponent + ": "))
            #expect(error.description.contains(words) && error.description.contains("name the dump itself"))
            #expect(!error.description.contains("DecodingError"), "\(error)")
        }
        try FileManager.default.removeItem(at: manifest)
        #expect(try restore.find([dump.path]).manifest == nil, "what the words advise does work")
    }
}
