import Archive
import Domain
import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import Catalog

/// A folder that goes with its test.
final class Scratch: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "holdfast-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit {
        // Scratch: what cannot be removed is left to the system.
        try? FileManager.default.removeItem(at: url)
    }

    var catalog: String { url.appending(path: "catalog.sqlite").path }
}

@Suite(.timeLimit(.minutes(2)))
struct CatalogDatabaseTests {
    let scratch: Scratch
    let now = Date(timeIntervalSince1970: 1_770_000_000)

    init() throws { scratch = try Scratch() }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func theFileAndItsCompanionsArePrivate() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        try await catalog.write { try $0.set("value", for: "name") }
        #expect(try mode(scratch.catalog) == 0o600)
        #expect(try mode(scratch.catalog + "-wal") == 0o600)
        #expect(try mode(scratch.catalog + "-shm") == 0o600)
        try catalog.close()
        let again = try CatalogDatabase(path: scratch.catalog)
        #expect(try await again.read { try $0.setting("name") } == "value")
    }

    @Test func aFileOfANewerReleaseIsRefused() throws {
        try CatalogDatabase(path: scratch.catalog).close()
        let raw = try DatabaseQueue(path: scratch.catalog)
        try raw.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 of the future')") }
        try raw.close()
        let error = #expect(throws: BackupError.self) { try CatalogDatabase(path: scratch.catalog) }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("newer") == true)
    }

    @Test func aCatalogOfTheFirstSchemaKeepsItsTokens() async throws {
        let raw = try DatabasePool(path: scratch.catalog)
        try CatalogDatabase.migrator.migrate(raw, upTo: "1 first")
        try await raw.write { database in
            try database.execute(
                sql: "INSERT INTO operatorToken (id, secretHash, role, createdAt) VALUES ('old', ?, 'admin', 1000)",
                arguments: [String(repeating: "0", count: 64)])
        }
        try raw.close()
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let now = Date(timeIntervalSince1970: 100)
        try await catalog.write { update in
            try update.add(
                OperatorTokenRecord(
                    id: "new", secretHash: String(repeating: "1", count: 64), role: "admin", name: "deputy",
                    createdAt: now, expiresAt: now + 60))
        }
        let tokens = try await catalog.read { try $0.operatorTokens() }
        #expect(tokens.map(\.id) == ["new", "old"])
        #expect(tokens.map(\.name) == ["deputy", nil] && tokens.map(\.expiresAt) == [now + 60, nil])
        #expect(try await catalog.read { try $0.isLastAdminToken("old", at: now) } == false)
        #expect(try await catalog.read { try $0.isLastAdminToken("old", at: now + 60) })
        try catalog.close()
    }

    @Test func aCatalogOfAnEarlierSchemaKnowsItsTiers() async throws {
        let raw = try DatabasePool(path: scratch.catalog)
        try CatalogDatabase.migrator.migrate(raw, upTo: "3 operations are found by their backup")
        try await raw.write { database in
            let (digest, id) = (String(repeating: "a", count: 64), "12345678-9abc-4def-8000-000000000001")
            try database.execute(
                sql: """
                    INSERT INTO agent (id, name, labels, keyFingerprint, certificateFingerprint, certificateNotAfter,
                        joinToken, enrolledAt) VALUES (?1, 'db-01', '{}', ?2, ?2, 1, 't', 1);
                    """, arguments: [id, digest])
            try database.execute(
                sql: """
                    INSERT INTO database (id, agent, name, kind, labels, firstSeenAt)
                        VALUES (7, ?1, 'inventory', 'postgres', '{}', 1);
                    """, arguments: [id])
            try database.execute(
                sql: """
                    INSERT INTO run (id, database, policy, tiers, state, attempt, nominalAt, recordedAt, heardAt, demanded,
                        destinations) VALUES (?1, 7, 'p', 'daily,hourly', 'succeeded', 1, 2000, 3000, 3000, '[]', '[]');
                    """, arguments: [id])
            try database.execute(
                sql: """
                    INSERT INTO backup (id, database, run, policy, tiers, state, nominalAt, startedAt, snapshotAt,
                        finishedAt, recordedAt, plainBytes, storedBytes, manifest)
                        VALUES (?1, 7, ?1, 'p', 'daily,hourly', 'good', 2000, 2000, 2000, 3000, 3000, 1, 1, '{}');
                    """, arguments: [id])
        }
        try raw.close()
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let tiers = try await catalog.read { try $0.tierSummaries() }
        #expect(tiers.keys.sorted() == [7])
        #expect(tiers[7]?.map(\.tier).sorted() == [.hourly, .daily])
        #expect(tiers[7]?.allSatisfy { $0.goodAt == Date(timeIntervalSince1970: 2) && $0.plannedAt == nil } == true)
        try catalog.close()
    }

    @Test func whatWaitsForTheCommitIsDoneOnlyAfterIt() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let done = Mutex<[String]>([])
        try await catalog.write { update in
            update.afterCommit { done.withLock { $0.append("kept") } }
            try update.set("value", for: "name")
            let early = done.withLock { $0 }
            #expect(early == [])
        }
        await #expect(throws: BackupError.self) {
            try await catalog.write { update in
                update.afterCommit { done.withLock { $0.append("undone") } }
                throw BackupError(.bug, "the test broke this transaction")
            }
        }
        try await catalog.write { try $0.set("other", for: "name") }
        let all = done.withLock { $0 }
        #expect(all == ["kept"])
        try catalog.close()
    }

    @Test func aDamagedFileIsRefusedAndLeftAlone() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        try await catalog.write { update in
            for number in 0..<2000 { try update.audit("someone", "does", "\(number)", at: now) }
        }
        try catalog.close()
        var bytes = try Data(contentsOf: URL(filePath: scratch.catalog))
        for offset in stride(from: 8192, to: bytes.count, by: 4096) { bytes[offset] ^= 0xff }
        try bytes.write(to: URL(filePath: scratch.catalog))
        let error = #expect(throws: BackupError.self) { try CatalogDatabase(path: scratch.catalog) }
        #expect(error?.code == .integrity)
        #expect(try Data(contentsOf: URL(filePath: scratch.catalog)) == bytes)
        try Data("this is no database, and never was one".utf8).write(to: URL(filePath: scratch.catalog))
        #expect(throws: BackupError.self) { try CatalogDatabase(path: scratch.catalog) }
    }

    @Test func aTransactionThatFailsLeavesNothing() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        await #expect(throws: BackupError.self) {
            try await catalog.write { update in
                try update.set("half", for: "name")
                throw BackupError(.cancelled, "on purpose")
            }
        }
        #expect(try await catalog.read { try $0.setting("name") } == nil)
    }

    @Test func theSchemaItselfRefusesWhatCannotBe() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        await #expect(throws: BackupError.self) {
            try await catalog.write { update in
                try update.save(
                    RunRecord(
                        id: UUID(), database: 77, policy: "p", tiers: [.daily], state: .running, attempt: 1,
                        nominalAt: now, recordedAt: now, demanded: []), at: now)
            }
        }
        await #expect(throws: BackupError.self) {
            try await catalog.write { update in
                try update.add(OperatorTokenRecord(id: "x", secretHash: "short", role: "admin", createdAt: now))
            }
        }
    }

    @Test func hostileNamesAreData() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let agent = try await addAgent(catalog)
        let names = [
            "a b", "a'b", "a\"b", "$(id)", ";rm -rf x", "../x", "dbname=x host=evil", "-x", "'; DROP TABLE run; --",
            String(repeating: "é", count: 31), "e\u{301}", "\u{e9}",
        ]
        let facts = try names.map {
            DatabaseFacts(
                name: try DatabaseName($0), kind: .sqlite, labels: ["k": $0], serverVersion: nil, tool: nil,
                sizeBytes: nil, problem: nil)
        }
        try await catalog.write { try $0.setFacts(facts, of: agent, at: now) }
        let found = try await catalog.read { try $0.databases() }
        #expect(Set(found.map { Array($0.name.rawValue.utf8) }) == Set(names.map { Array($0.utf8) }))
        for name in names {
            let one = try await catalog.read { try $0.databases(named: name) }
            #expect(one.map { Array($0.name.rawValue.utf8) } == [Array(name.utf8)])
            #expect(one.first?.labels == ["k": name])
        }
    }

    @Test func theSummaryFollowsTheBackups() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let agent = try await addAgent(catalog)
        let (first, second) = (UUID(), UUID())
        try await addBackup(catalog, agent, first, recordedAt: now, bytes: 10)
        try await addBackup(catalog, agent, second, recordedAt: now + 60, bytes: 20)
        var summary = try #require(try await catalog.read { try $0.databases().first })
        #expect(summary.lastGoodBackup == second)
        #expect(summary.goodBackups == 2)
        #expect(summary.storedBytes == 30)
        // An agent's clock that is ahead makes nothing younger than the coordinator knows it to be.
        #expect(summary.lastGoodAt == now + 60)
        let row = summary.id
        func daily() async throws -> [Date?] {
            let tiers = try await catalog.read { try $0.tierSummaries() }
            return (tiers[row] ?? []).filter { $0.policy == "p" && $0.tier == .daily }.map(\.goodAt)
        }
        #expect(try await daily() == [now + 60])
        try await catalog.write { update in
            guard let backup = try update.backup(second) else { return }
            try update.setState(.damaged, of: backup, at: now + 60)
        }
        summary = try #require(try await catalog.read { try $0.databases().first })
        #expect(summary.lastGoodBackup == first)
        #expect(try await daily() == [now])
        // What retention deletes had come all the same.
        try await catalog.write { update in
            guard let backup = try update.backup(first) else { return }
            try update.setState(.deleting, of: backup, at: now + 60)
        }
        #expect(try await daily() == [now])
        try await catalog.write { update in
            guard let backup = try update.backup(first) else { return }
            try update.setState(.good, of: backup, at: now + 60)
        }
        #expect(try await catalog.read { try $0.totals() } == FleetTotals(backups: 1, storedBytes: 10))
    }

    @Test func aBackupIsFoundByAUniqueBeginning() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let agent = try await addAgent(catalog)
        let one = try #require(UUID(uuidString: "12345678-9ABC-4DEF-8000-000000000001"))
        let two = try #require(UUID(uuidString: "12345678-9ABC-4DEF-9000-000000000002"))
        for id in [one, two] { try await addBackup(catalog, agent, id, recordedAt: now, bytes: 1) }
        for text in ["12345678-9abc-4def-8", "123456789ABC4DEF8", one.uuidString] {
            #expect(try await catalog.read { try $0.requiredBackup(text).id } == one)
        }
        for (text, code) in [("1234", BackupError.Code.usage), ("123", .usage), ("zzzz", .usage), ("abcd", .notFound)] {
            let error = await #expect(throws: BackupError.self) {
                _ = try await catalog.read { try $0.requiredBackup(text) }
            }
            #expect(error?.code == code, "\(text)")
        }
    }

    @Test func anIncidentOpensOnceAndSpeaksOnce() async throws {
        let catalog = try CatalogDatabase(path: scratch.catalog)
        let condition = IncidentCondition(key: "failed:1", kind: "failed", isCritical: true, title: "t", detail: "d")
        for _ in 0..<3 { try await catalog.write { try $0.open(condition, channels: ["slack", "email"], at: now) } }
        #expect(try await catalog.read { try $0.incidents(includeResolved: false, limit: 10) }.count == 1)
        #expect(
            try await catalog.read { try $0.dueDeliveries(at: now, limit: 10) }.map(\.channel) == ["slack", "email"])
        try await catalog.write { try $0.resolve(key: "failed:1", at: now + 1) }
        try await catalog.write { try $0.open(condition, channels: ["slack"], at: now + 2) }
        #expect(try await catalog.read { try $0.incidents(includeResolved: true, limit: 10) }.count == 2)
    }

    private func addAgent(_ catalog: CatalogDatabase) async throws -> UUID {
        let id = UUID()
        let digest = String(repeating: "a", count: 64)
        try await catalog.write { update in
            try update.add(
                AgentRecord(
                    id: id, name: "db-01", labels: [:], keyFingerprint: digest, certificateFingerprint: digest,
                    certificateNotAfter: now, joinToken: "t", enrolledAt: now))
        }
        return id
    }

    private func addBackup(
        _ catalog: CatalogDatabase, _ agent: UUID, _ id: UUID, recordedAt: Date, bytes: Int64
    ) async throws {
        let name = try DatabaseName("inventory")
        try await catalog.write { update in
            let database = try update.ensureDatabase(agent: agent, name: name, kind: .postgres, at: recordedAt)
            let run = RunRecord(
                id: UUID(), database: database, policy: "p", tiers: [.daily], state: .succeeded, attempt: 1,
                nominalAt: recordedAt, recordedAt: recordedAt, demanded: [])
            try update.save(run, at: recordedAt)
            let manifest = Manifest(
                id: id, run: run.id, attempt: 1, agent: .init(id: agent, name: "db-01"),
                database: .init(name: name, kind: .postgres, serverVersion: nil, sizeBytes: nil), policy: "p",
                tiers: [.daily], nominalAt: recordedAt, startedAt: recordedAt, snapshotAt: recordedAt,
                finishedAt: recordedAt, tool: "t", objects: [], fingerprint: nil, restore: [], holdfast: "0")
            let place = Destination(name: "local", directory: .init(path: nil))
            try update.add(
                BackupRecord(
                    id: id, database: database, run: run.id, policy: "p", tiers: [.daily], state: .good,
                    nominalAt: recordedAt, startedAt: recordedAt, snapshotAt: recordedAt + 3600, finishedAt: recordedAt,
                    recordedAt: recordedAt, plainBytes: bytes, storedBytes: bytes),
                manifest: manifest,
                copies: [
                    CopyRecord(backup: id, place: place, folder: "f/", state: .stored, error: nil, objects: [])
                ], at: recordedAt)
        }
    }
}
