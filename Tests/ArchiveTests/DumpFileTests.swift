import Domain
import Foundation
import Testing

@testable import Archive

/// What the names of other tools' dumps say.
@Suite struct DumpFileTests {
    private let berlin = TimeZone(identifier: "Europe/Berlin") ?? .gmt

    @Test(arguments: [
        ("inventorysync_db_daily_20240115_020000.sql.gz", "inventorysync", "2024-01-15T01:00:00Z"),
        ("inventorysync_app_20240115_020000.tar.gz", "inventorysync", "2024-01-15T01:00:00Z"),
        ("shop_20260715_0230.sql.zst", "shop", "2026-07-15T00:30:00Z"),
        ("my_shop_2026-01-15_02-30-59.dump", "my_shop", "2026-01-15T01:30:59Z"),
        ("shop-2026-01-15.sql", "shop", "2026-01-14T23:00:00Z"),
        ("a-b-20260115-0200.db.gz", "a-b", "2026-01-15T01:00:00Z"),
        ("shop.20260115.sql", "shop", "2026-01-14T23:00:00Z"),
        // The hour that a clock leaves out is the next one.
        ("shop_20260329_023000.sql", "shop", "2026-03-29T01:30:00Z"),
    ]) func theUsualForms(name: String, database: String, takenAt: String) throws {
        let file = try DumpNames(pattern: nil, zone: berlin).read(name)
        #expect(file.database == database)
        #expect(file.takenAt.map(Timestamp.text) == takenAt)
    }

    @Test(arguments: [
        "shop_20261315_020000.sql", "shop_20260230.sql", "shop.sql", "20260115.sql", "shop_20260115_250000.sql",
        "shop_20260115_026100.sql", "", ".sql", "_20260115.txt",
        String(repeating: "a_", count: 400) + "20260115_020000.sql",
    ]) func whatIsNoTimeSaysNone(name: String) throws {
        #expect(try DumpNames(pattern: nil, zone: .gmt).read(name).takenAt == nil, "\(name)")
    }

    @Test func aPatternSaysHowNamesAreRead() throws {
        let file = try DumpNames(pattern: "pg.{database} ({any}) {date}T{time}.sql.gz", zone: .gmt).read(
            "pg.shop (full) 2026-01-15T02:00.sql.gz")
        #expect(file.database == "shop" && file.takenAt.map(Timestamp.text) == "2026-01-15T02:00:00Z")
        // A dot is a dot.
        #expect(try DumpNames(pattern: "pg.{database}-{date}", zone: .gmt).read("pgxshop-20260115.sql").takenAt == nil)
        let timeless = try DumpNames(pattern: "latest-{database}", zone: .gmt).read("latest-shop.sql")
        #expect(timeless.database == "shop" && timeless.takenAt == nil)
        for bad in ["{base}", "{database}{database}", "{", "{database", "{date} {date}"] {
            #expect(throws: BackupError.self) { try DumpNames(pattern: bad, zone: .gmt).read("x.sql") }
        }
    }

    @Test func whatAFileIsByItsSuffixes() throws {
        let dump = try DumpFile.object(named: "shop.sql.gz")
        #expect(dump.format == .plain && dump.codec == .gzip && dump.role == .dump)
        #expect(try DumpFile.object(named: "shop_globals.sql").role == .globals)
        #expect(try DumpFile.object(named: "shop.tar.zst").role == .archive)
        #expect(throws: BackupError.self) { try DumpFile.object(named: "shop.zip") }
    }
}
