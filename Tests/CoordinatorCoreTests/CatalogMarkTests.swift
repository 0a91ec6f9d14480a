import Catalog
import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

/// How far a catalog has come, and what is done when another tells of more.
@Suite struct CatalogMarkTests {
    private func apply(_ bench: Bench, _ yaml: String) async throws {
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
    }

    private let key = [UInt8](repeating: 7, count: 32)

    @Test func onlyWhoHasTheKeyMakesAMark() {
        let mark = CatalogMark(epoch: 3, head: 41)
        let text = mark.text(key)
        #expect(CatalogMark(text, key) == mark)
        #expect(CatalogMark(text, [UInt8](repeating: 8, count: 32)) == nil)
        #expect(CatalogMark(text.replacing("cm1.3.41", with: "cm1.3.42"), key) == nil)
        for other in [
            "", "cm1.3.41", "cm1.3.41." + String(repeating: "0", count: 64), text + "0",
            "cm1.99999999999999999999.1.00",
        ] {
            #expect(CatalogMark(other, key) == nil, "\(other)")
        }
        #expect(CatalogMark(epoch: 2, head: 9) < CatalogMark(epoch: 3, head: 1))
    }

    @Test func copiesGoByHowFarTheCatalogHadComeAndNotByAnyClock() throws {
        let late = try #require(Timestamp.date("2026-03-01T00:00:00Z"))
        let names = [
            CatalogCopyName(CatalogMark(epoch: 1, head: 100), at: late, chance: UUID()),
            CatalogCopyName(CatalogMark(epoch: 2, head: 3), at: late - 9999, chance: UUID()),
            CatalogCopyName(CatalogMark(epoch: 1, head: 20), at: late + 9999, chance: UUID()),
        ]
        #expect(names.sorted().map(\.mark.head) == [20, 100, 3])
        for name in names { #expect(CatalogCopyName(name.name)?.mark == name.mark) }
        for name in [
            "catalog_1_2.sqlite.gz.age", "mark_1_2", "catalog_1_x_20260301_000000_0123456789ab.sqlite.gz.age",
            "catalog_1_2_20260301_000000.sqlite.gz.age",
        ] {
            #expect(CatalogCopyName(name) == nil)
        }
    }

    @Test func whatAnAgentWasToldOfMoreIsCriticalAndRetentionRests() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let known = try await bench.coordinator.catalog.read { try CatalogMark.read($0) }
        #expect(known.head > 0, "to join is acknowledged")
        let forged = CatalogMark(epoch: 9, head: 9).text(key)
        try await bench.coordinator.compare(mark: forged, from: agent.identity)
        try await bench.coordinator.compare(mark: known.text(bench.coordinator.markKey), from: agent.identity)
        #expect(try await bench.coordinator.cleanupPlan(by: bench.admin).suspended == nil)
        let more = CatalogMark(epoch: known.epoch, head: known.head + 1)
        try await bench.coordinator.compare(mark: more.text(bench.coordinator.markKey), from: agent.identity)
        try await bench.coordinator.compare(mark: more.text(bench.coordinator.markKey), from: agent.identity)
        let suspended = try #require(try await bench.coordinator.cleanupPlan(by: bench.admin).suspended)
        #expect(suspended.contains("agent db-01 was told of more") && suspended.contains("holdfast catalog rebuild"))
        let alerts = try await bench.coordinator.catalog.read { try $0.openIncidentKeys(kind: IncidentKind.lacking) }
        #expect(alerts == [IncidentKey.lacking])
    }

    @Test func copiesAreMadeWhenDueKeptByCountAndOpenWithTheirKey() async throws {
        let bench = try await Bench()
        let folder = bench.folder.appending(path: "elsewhere")
        try await apply(bench, "catalog: { every: 1h, keep: 2, directory: \(folder.path) }\npolicies: {}")
        func copies() throws -> [CatalogCopyName] {
            let files = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
            return files.compactMap { CatalogCopyName($0.split(separator: "/").last ?? "") }.sorted()
        }
        try await bench.coordinator.copyCatalogIfDue()
        #expect(try copies().count == 1)
        bench.clock.advance(600)
        try await bench.coordinator.copyCatalogIfDue()
        #expect(try copies().count == 1, "not due yet")
        _ = try await bench.enrol("db-01")
        try await bench.coordinator.copyCatalogIfDue()
        #expect(try copies().count == 2, "a host has joined")
        bench.clock.advance(3601)
        try await bench.coordinator.copyCatalogIfDue()
        let kept = try copies()
        #expect(kept.count == 2)
        let restored = bench.folder.appending(path: "again")
        let source = CoordinatorSource(
            from: folder.path, key: { [key = bench.coordinator.catalogKey] () throws(BackupError) in key },
            environment: [:],
            now: { bench.clock.now })
        let made = try Coordinator.restore(
            source, paths: CoordinatorPaths(dataDirectory: restored), hostnames: [], now: bench.clock.now)
        #expect(made.caSha256 == bench.coordinator.authority.certificate.fingerprint)
        #expect(throws: BackupError.self) {
            try Coordinator.restore(
                source, paths: CoordinatorPaths(dataDirectory: restored), hostnames: [], now: bench.clock.now)
        }
        let copy = try CatalogDatabase(path: CoordinatorPaths(dataDirectory: restored).catalog.path)
        defer { try? copy.close() }
        let (agents, secret, gap) = try await copy.read { view in
            (try view.agents().map(\.name), try view.setting(SettingName.copiedKey), try CatalogGap.read(view))
        }
        #expect(agents == ["db-01"] && secret == nil && gap != nil)
    }

    @Test func whatSomebodyElsePutBesideTheCopiesHidesNoneOfThem() async throws {
        let bench = try await Bench()
        let folder = bench.folder.appending(path: "elsewhere")
        try await apply(bench, "catalog: { every: 1h, directory: \(folder.path) }\npolicies: {}")
        try await bench.coordinator.copyCatalogIfDue()
        try await bench.coordinator.keepMarks()
        let own = folder.appending(
            path: CatalogCopyName.folder(bench.coordinator.authority.certificate, prefix: ""))
        func marks() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: own.path).filter { $0.hasPrefix("mark_") }
        }
        let present = try #require(try marks().first)
        let text = try String(contentsOf: own.appending(path: present), encoding: .utf8)
        let junk = Data(repeating: 120, count: 5000)
        // Of more, and too long; the present one's own, changed; copies that say to be of the furthest future.
        let old = try #require(
            try FileManager.default.contentsOfDirectory(atPath: own.path).first { $0.hasPrefix("catalog_") })
        // A true copy under the name of a later one.
        try FileManager.default.copyItem(
            at: own.appending(path: old),
            to: own.appending(path: "catalog_8_8_20990101_000000_0123456789ab.sqlite.gz.age"))
        for name in ["mark_9_9", present, "catalog_9_9_20990101_000000_0123456789ab.sqlite.gz.age"] {
            let file = own.appending(path: name)
            try? FileManager.default.removeItem(at: file)
            try junk.write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        }
        // One that cannot be read at all.
        try FileManager.default.createDirectory(
            at: own.appending(path: "catalog_7_7_20990101_000000_0123456789ab.sqlite.gz.age"),
            withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try await bench.coordinator.keepMarks()
        #expect(try String(contentsOf: own.appending(path: present), encoding: .utf8) == text)
        #expect(try await bench.coordinator.catalog.read { try CatalogGap.read($0) } == nil)
        let source = CoordinatorSource(
            from: folder.path, key: { [key = bench.coordinator.catalogKey] () throws(BackupError) in key },
            environment: [:], now: { bench.clock.now })
        let again = CoordinatorPaths(dataDirectory: bench.folder.appending(path: "again"))
        let made = try Coordinator.restore(source, paths: again, hostnames: [], now: bench.clock.now)
        #expect(made.caSha256 == bench.coordinator.authority.certificate.fingerprint)
        // Another key opens none of them, and leaves no key behind.
        let other = CoordinatorSource(
            from: folder.path, key: { () throws(BackupError) in try CatalogKey(text: "hfk1-of-somebody-else") },
            environment: [:], now: { bench.clock.now })
        let empty = CoordinatorPaths(dataDirectory: bench.folder.appending(path: "empty"))
        let error = #expect(throws: BackupError.self) {
            try Coordinator.restore(other, paths: empty, hostnames: [], now: bench.clock.now)
        }
        #expect(error?.code == .integrity)
        // What lay there before a try that failed is not the try's to remove.
        let kept = CoordinatorPaths(dataDirectory: bench.folder.appending(path: "kept"))
        try FileManager.default.createDirectory(
            at: kept.dataDirectory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (from, to) in [
            (bench.folder.appending(path: "ca.pem"), kept.caCertificate),
            (bench.folder.appending(path: "ca-key.pem"), kept.caKey),
            (bench.folder.appending(path: "catalog-key"), kept.catalogKey),
        ] { try FileManager.default.copyItem(at: from, to: to) }
        try Data().write(to: kept.lock)
        let missing = CoordinatorSource(
            from: bench.folder.appending(path: "nowhere").path,
            key: { [key = bench.coordinator.catalogKey] () throws(BackupError) in key }, environment: [:],
            now: { bench.clock.now })
        #expect(throws: BackupError.self) {
            try Coordinator.restore(missing, paths: kept, hostnames: [], now: bench.clock.now)
        }
        #expect(throws: BackupError.self) {
            try Coordinator.restore(other, paths: kept, hostnames: [], now: bench.clock.now)
        }
        for file in [kept.caCertificate, kept.caKey, kept.catalogKey] {
            #expect(FileManager.default.fileExists(atPath: file.path), "\(file.path)")
        }
        // What SQLite kept beside a catalog that was moved away is not taken for the new one's.
        try Data(repeating: 1, count: 4096).write(to: URL(filePath: kept.catalog.path + "-wal"))
        _ = try Coordinator.restore(source, paths: kept, hostnames: [], now: bench.clock.now)
        let reopened = try CatalogDatabase(path: kept.catalog.path)
        try reopened.close()
        let left = (try? FileManager.default.contentsOfDirectory(atPath: empty.dataDirectory.path)) ?? []
        #expect(left.filter { $0.hasSuffix(".pem") || $0.contains("catalog") } == [])
    }

    @Test func aPlaceThatTakesNoCopyIsToldAfterAnHour() async throws {
        let bench = try await Bench()
        let file = bench.folder.appending(path: "a-file")
        try Data("x".utf8).write(to: file)
        try await apply(bench, "catalog: { every: 1h, directory: \(file.path) }\npolicies: {}")
        for _ in 0..<14 {
            try await bench.coordinator.copyCatalogIfDue()
            bench.clock.advance(301)
        }
        let keys = try await bench.coordinator.catalog.read { try $0.openIncidentKeys(kind: IncidentKind.uncopied) }
        #expect(keys == [IncidentKey.uncopied(CatalogPlace.ownDirectory)])
        try await apply(bench, "policies: {}")
        try await bench.coordinator.copyCatalogIfDue()
        #expect(try await bench.coordinator.catalog.read { try $0.openIncidentKeys(kind: IncidentKind.uncopied) } == [])
    }

    @Test(arguments: [
        ("catalog: { every: 10s }", "fleet.yaml:1: catalog.every: expected 1m to 7d, or off"),
        ("catalog: { keep: 1 }", "fleet.yaml:1: catalog.keep: must be 2 to 10000, is 1"),
        (
            "catalog: { directory: here }",
            "fleet.yaml:1: catalog.directory: expected an absolute path on the coordinator's host"
        ),
        ("catalog: { at: 3 }", "fleet.yaml:1: catalog.at: unknown key; known here: every, keep, directory"),
    ]) func mistakesAreNamed(yaml: String, words: String) {
        let error = #expect(throws: BackupError.self) { try FleetConfiguration(yaml: yaml, file: "fleet.yaml") }
        #expect(error?.message == words)
    }
}
