import Archive
import Catalog
import Domain
import Foundation
import Sealing
import Synchronization
import Testing
import Wire

@testable import CoordinatorCore

/// What is stored cannot stop the verification of everything else.
@Suite(.timeLimit(.minutes(5)))
struct BombTests {
    /// A zstd frame of so many blocks that repeat one byte 128 Ki times: 4 stored bytes each.
    static func zstd(blocks: Int) -> [UInt8] {
        // Magic, no size and no checksum, a window of 128 KiB.
        var bytes: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        bytes.reserveCapacity(6 + 4 * blocks)
        for number in 0..<blocks {
            let header = UInt32(131_072) << 3 | 1 << 1 | (number == blocks - 1 ? 1 : 0)
            bytes += [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16), UInt8(ascii: "x")]
        }
        return bytes
    }

    static func store(
        _ bench: Bench, _ offsite: Offsite, _ agent: TestAgent, _ database: String, stored: [UInt8], codec: Compression,
        plainBytes: Int64, destinations: [Destination]
    ) async throws -> UUID {
        var report = try agent.report(
            .succeeded, run: UUID(), database: database, nominalAt: bench.clock.now, destinations: destinations,
            plain: VerificationTests.dump)
        guard var manifest = report.manifest else { throw BackupError(.bug, "no manifest") }
        let keys = BackupKeys(
            agentName: agent.identity.name, database: report.database, kind: .postgres, tier: .hourly,
            nominalAt: report.nominalAt)
        let digest = hex(sha256(stored))
        let plain = codec == .none ? digest : String(repeating: "0", count: 64)
        manifest.objects = [
            Manifest.Object(
                role: .dump, name: keys.objectName(.dump, .plain, codec), format: .plain, codec: codec,
                plainBytes: plainBytes, plainSha256: plain, storedBytes: Int64(stored.count), storedSha256: digest)
        ]
        let bytes = try manifest.encoded()
        report.manifest = manifest
        report.destinations = try destinations.map { destination in
            let folder = destination.keyPrefix + keys.folder
            try offsite.put(folder + manifest.objects[0].name, stored)
            try offsite.put(folder + keys.manifestName, bytes)
            return DestinationResult(
                destination: destination.name, isComplete: true, folder: folder,
                objects: [
                    .init(name: manifest.objects[0].name, bytes: Int64(stored.count), sha256: digest, etag: ""),
                    .init(name: keys.manifestName, bytes: Int64(bytes.count), sha256: hex(sha256(bytes)), etag: ""),
                ], error: nil)
        }
        let receipt = try await agent.send([report])
        try #require(receipt.refused.isEmpty)
        return manifest.id
    }

    static func verification(_ bench: Bench, of backup: UUID) async throws -> UUID {
        let all = try await bench.coordinator.verify(backup: backup.uuidString, by: bench.admin)
        return try #require(all.first { $0.agent == nil }).id
    }

    static func bucket(_ bench: Bench, _ agent: TestAgent, _ names: [String]) async throws -> [Destination] {
        let plan = try #require(try await agent.checkIn(databases: names.map { try agent.facts($0) }).plan)
        return plan.destinations
    }

    @Test func aStatedSizeBeyondAllReasonIsNotRead() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let agent = try await bench.enrol("db-01")
        let places = try await Self.bucket(bench, agent, ["bomb", "inventory"])
        let bomb = try await Self.store(
            bench, offsite, agent, "bomb", stored: Self.zstd(blocks: 1 << 18), codec: .zstd, plainBytes: 1 << 49,
            destinations: places)
        let sound = try await Self.store(
            bench, offsite, agent, "inventory", stored: VerificationTests.dump, codec: .none,
            plainBytes: Int64(VerificationTests.dump.count), destinations: places)
        let (first, second) = (
            try await Self.verification(bench, of: bomb), try await Self.verification(bench, of: sound)
        )
        try await bench.coordinator.readWaitingCopies()
        let refused = try await bench.coordinator.operation(first, by: bench.admin)
        #expect(refused.state == .failed && refused.failure?.code == "storageRefused")
        #expect(refused.failure?.message.contains("not read here") == true)
        #expect(try await bench.coordinator.operation(second, by: bench.admin).state == .succeeded)
        // Nothing was shown to be damaged.
        let states = try await bench.coordinator.backups(by: bench.admin).map(\.state)
        #expect(states == [.good, .good])
        #expect(!offsite.reads.contains { $0.contains("bomb_db") })
    }

    /// It costs what may be read, and still the others have their turn before its end.
    @Test func whatTakesLongGoesBehindTheOthers() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite) { world in
            world.readingTurn = .milliseconds(1)
            let start = ContinuousClock.now
            world.uptime = { ContinuousClock.now - start }
        }
        let agent = try await bench.enrol("db-01")
        let places = try await Self.bucket(bench, agent, ["bomb", "inventory"])
        let bomb = try await Self.store(
            bench, offsite, agent, "bomb", stored: Self.zstd(blocks: 1 << 9), codec: .zstd, plainBytes: 1 << 26,
            destinations: places)
        let sound = try await Self.store(
            bench, offsite, agent, "inventory", stored: VerificationTests.dump, codec: .none,
            plainBytes: Int64(VerificationTests.dump.count), destinations: places)
        let first = try await Self.verification(bench, of: bomb)
        bench.clock.advance(1)
        let second = try await Self.verification(bench, of: sound)
        try await bench.coordinator.readWaitingCopies()
        #expect(try await bench.coordinator.operation(second, by: bench.admin).state == .succeeded)
        let long = try await bench.coordinator.operation(first, by: bench.admin)
        #expect(long.state == .failed && long.failure?.code == "integrity", "\(String(describing: long.failure))")
        let order = offsite.reads.filter { !$0.hasSuffix(".json") }.map { $0.contains("bomb_db") ? "bomb" : "sound" }
        #expect(order.first == "bomb" && order.last == "bomb" && order.contains("sound"), "\(order)")
    }

    /// As long as its size allows, and no longer: then its host can read it.
    @Test func whatTakesLongerThanItsSizeAllowsIsGivenUp() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (operation, reading) = try await Self.beingRead(bench, offsite)
        bench.clock.advance(1200)
        try await reading.value
        let ended = try await bench.coordinator.operation(operation, by: bench.admin)
        #expect(ended.state == .failed && ended.failure?.code == "storageRefused")
        #expect(ended.failure?.message.contains("longer than its size allows") == true)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
    }

    /// A host that has a hundred copies read takes no more of the time than one that has one.
    @Test func everyHostHasItsTurn() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        var verifications: [UUID] = []
        for (name, count) in [("db-01", 6), ("db-02", 1), ("db-03", 2)] {
            let agent = try await bench.enrol(name)
            let names = (0..<count).map { "d\($0)" }
            let places = try await Self.bucket(bench, agent, names)
            for database in names {
                let backup = try await Self.store(
                    bench, offsite, agent, database, stored: VerificationTests.dump, codec: .none,
                    plainBytes: Int64(VerificationTests.dump.count), destinations: places)
                verifications.append(try await Self.verification(bench, of: backup))
                bench.clock.advance(1)
            }
        }
        try await bench.coordinator.readWaitingCopies()
        for id in verifications {
            #expect(try await bench.coordinator.operation(id, by: bench.admin).state == .succeeded)
        }
        let order = offsite.reads.filter { !$0.hasSuffix(".json") }.map { String($0.prefix(5)) }
        #expect(
            order == ["db-01", "db-02", "db-03", "db-01", "db-03", "db-01", "db-01", "db-01", "db-01"], "\(order)")
    }

    /// One stored chunk holds all of it: the end of the coordinator does not wait for that.
    @Test func aReadingEndsWithinAChunk() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (operation, reading) = try await Self.beingRead(bench, offsite)
        reading.cancel()
        try await reading.value
        let left = try await bench.coordinator.operation(operation, by: bench.admin)
        #expect(left.state == .running, "\(left.state): it was read to its end")
    }

    /// A reading that the coordinator does not survive is not begun for ever.
    @Test func aReadingIsBegunOnlySoOften() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let agent = try await bench.enrol("db-01")
        let places = try await Self.bucket(bench, agent, ["inventory"])
        let sound = try await Self.store(
            bench, offsite, agent, "inventory", stored: VerificationTests.dump, codec: .none,
            plainBytes: Int64(VerificationTests.dump.count), destinations: places)
        let operation = try await Self.verification(bench, of: sound)
        try await bench.coordinator.catalog.write { update in
            try update.set(String(TurnRule.beginnings), for: SettingName.begun(operation))
        }
        try await bench.coordinator.readWaitingCopies()
        let ended = try await bench.coordinator.operation(operation, by: bench.admin)
        #expect(ended.state == .failed && ended.failure?.code == "storageRefused")
        #expect(offsite.reads.isEmpty)
        #expect(try await bench.coordinator.catalog.read { try $0.setting(SettingName.begun(operation)) } == nil)
    }

    /// Two GiB in one stored chunk, which the coordinator has begun to read.
    static func beingRead(_ bench: Bench, _ offsite: Offsite) async throws -> (UUID, Task<Void, any Error>) {
        let agent = try await bench.enrol("db-01")
        let places = try await Self.bucket(bench, agent, ["bomb"])
        let blocks = 1 << 14
        let bomb = try await Self.store(
            bench, offsite, agent, "bomb", stored: Self.zstd(blocks: blocks), codec: .zstd,
            plainBytes: Int64(blocks) << 17, destinations: places)
        let operation = try await Self.verification(bench, of: bomb)
        let reading = Task { try await bench.coordinator.readWaitingCopies() }
        try await eventuallyRead(offsite, "bomb_db")
        return (operation, reading)
    }

    private static func eventuallyRead(_ offsite: Offsite, _ part: String) async throws {
        while !offsite.reads.contains(where: { $0.contains(part) && !$0.hasSuffix(".json") }) {
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
