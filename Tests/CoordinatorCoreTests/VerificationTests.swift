import Archive
import Catalog
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(2)))
struct VerificationTests {
    /// A dump that its inspector takes for whole.
    static let dump = Array(
        "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n".utf8)

    private func oneBackup(
        _ bench: Bench, _ offsite: Offsite, only: String? = nil
    ) async throws -> (TestAgent, BackupView) {
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        let report = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now, destinations: plan.destinations,
            plain: Self.dump, store: { try offsite.put($0, $1) })
        try await agent.send([report])
        let backup = try #require(try await bench.coordinator.backups(by: bench.admin).first)
        return (agent, backup)
    }

    private func proof(_ bench: Bench) async throws -> Int? {
        try await bench.coordinator.backups(by: bench.admin).first?.proof
    }

    @Test func whoWaitsForAHostIsToldWhenItWasSeen() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let seen = Timestamp.seconds(bench.clock.now)
        bench.clock.advance(20)
        let operations = try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin)
        #expect(operations.contains { $0.phase == "waiting for agent db-01, last seen \(seen)" }, "\(operations)")
        let started = try await bench.coordinator.startBackup(
            BackupRequest(type: "all", tier: .manual), by: bench.admin)
        let run = try await bench.coordinator.run(try #require(started.runs.first).id, by: bench.admin)
        #expect(run.phase == "waiting for agent db-01, last seen \(seen)", "\(run)")
    }

    @Test func aCopyInABucketIsProvenByTheCoordinatorItself() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        _ = try await oneBackup(bench, offsite)
        #expect(try await proof(bench) == nil)
        offsite.isDown = true
        try await bench.coordinator.confirmCopies()
        #expect(try await proof(bench) == nil)
        offsite.isDown = false
        try await bench.coordinator.confirmCopies()
        #expect(try await proof(bench) == 0)
    }

    @Test(arguments: ["missing", "short", "no manifest"])
    func whatIsNotThereIsDamagedAndAlerted(_ harm: String) async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let keys = try offsite.keys
        let dump = try #require(keys.first { $0.hasSuffix(".sql") })
        let manifest = try #require(keys.first { $0.hasSuffix(".json") })
        switch harm {
        case "missing": try offsite.remove(dump)
        case "short": try offsite.put(dump, Array(Self.dump.dropLast()))
        default: try offsite.remove(manifest)
        }
        try await bench.coordinator.confirmCopies()
        let status = try await bench.coordinator.status(by: bench.admin)
        let word = harm == "short" ? "damaged" : "missing"
        #expect(status.incidents.map(\.kind) == [word])
        #expect(status.databases.first?.lastGoodBackup == nil)
        let detail = try await bench.coordinator.backup(backup.id.uuidString, by: bench.admin)
        #expect(detail.backup.state.rawValue == word)
        #expect(detail.backup.destinations == ["local"])
    }

    @Test func verifyReadsTheBucketAndOrdersTheDirectory() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (agent, backup) = try await oneBackup(bench, offsite)
        let all = try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin)
        #expect(all.map(\.state) == [.pending, .pending] && all.map(\.agent) == [nil, "db-01"])
        let started = all[0]
        try await bench.coordinator.readWaitingCopies()
        let done = try await bench.coordinator.operation(started.id, by: bench.admin)
        #expect(done.state == .succeeded)
        #expect(done.proof == 2)
        #expect(try await proof(bench) == 2)
        let command = try #require(try await agent.checkIn(revision: 1).commands.first)
        guard case .verify(let order) = command.order else {
            Issue.record("expected an order to verify")
            return
        }
        #expect(order.destination == "local")
        #expect(order.sources.first?.key == "db-01/database-backups/inventory_db_hourly_20260301_000000.sql")
        let failure = Failure(code: "integrity", message: "a bit has rotted")
        try await agent.send(results: [
            CommandResult(command: command.id, at: bench.clock.now, succeeded: false, failure: failure, message: "no")
        ])
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .damaged)
        // Verified again and found whole, it is good again.
        let again = try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin)[0]
        try await bench.coordinator.readWaitingCopies()
        #expect(try await bench.coordinator.operation(again.id, by: bench.admin).state == .succeeded)
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .damaged)
        let second = try #require(try await agent.checkIn(revision: 1, received: [command.id]).commands.first)
        try await agent.send(results: [
            CommandResult(command: second.id, at: bench.clock.now, succeeded: true, message: "ok", proof: .sound)
        ])
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .good)
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).isEmpty)
    }

    @Test func aFlippedBitIsFound() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let key = try #require(try offsite.keys.first { $0.hasSuffix(".sql") })
        var bytes = Self.dump
        bytes[40] ^= 1
        try offsite.put(key, bytes)
        let started = try await bench.coordinator.verifyAll(by: bench.admin)
        #expect(started.map(\.backup) == [backup.id, backup.id])
        try await bench.coordinator.readWaitingCopies()
        let done = try await bench.coordinator.operation(started[0].id, by: bench.admin)
        #expect(done.state == .failed)
        #expect(done.failure?.code == "integrity")
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .damaged)
    }

    @Test func aStoreThatDoesNotAnswerProvesNothing() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let started = try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin)[0]
        offsite.isDown = true
        try await bench.coordinator.readWaitingCopies()
        #expect(try await bench.coordinator.operation(started.id, by: bench.admin).state == .failed)
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .good)
    }

    @Test func aHealthCheckTierIsVerifiedByItself() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        for (number, tiers) in [[Tier.hourly], [.monthly, .hourly]].enumerated() {
            bench.clock.advance(60)
            let report = try agent.report(
                .succeeded, run: UUID(), database: "inventory", tiers: tiers,
                nominalAt: bench.clock.now + Double(number),
                destinations: plan.destinations, plain: Self.dump, store: { try offsite.put($0, $1) })
            try await agent.send([report])
            try await bench.coordinator.readWaitingCopies()
            #expect(
                try await bench.coordinator.backups(BackupQuery(limit: 1), by: bench.admin).first?.proof
                    == (number == 0 ? nil : 2))
        }
    }

    /// P9: whoever holds a presigned address can read the backup, so it is never stored.
    @Test func aRestoreElsewhereGetsAddressesThatAreNeverStored() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let other = try await bench.enrol("db-02")
        _ = try await other.checkIn(databases: [other.facts("inventory")])
        let options = RestoreOptions(
            agent: "db-02", target: "copy", replace: false, skipChecksum: false, withGlobals: false, tables: [])
        let started = try await bench.coordinator.restore(backup: backup.id.uuidString, options, by: bench.admin)
        let command = try #require(try await other.checkIn(revision: 1).commands.first)
        guard case .restore(let order) = command.order else {
            Issue.record("expected an order to restore")
            return
        }
        #expect(order.sources.first?.url?.contains("X-Amz-Expires=900") == true)
        #expect(order.target == "copy" && order.database.rawValue == "inventory")
        for suffix in ["", "-wal"] {
            let bytes = try Data(
                contentsOf: URL(filePath: bench.folder.appending(path: "catalog.sqlite").path + suffix))
            #expect(bytes.range(of: Data("CANARY".utf8)) == nil)
        }
        // While it is open, retention leaves the backup alone.
        bench.clock.advance(400 * 86_400)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        #expect(plan.items.map(\.reason) == ["in use"])
        try await other.send(results: [
            CommandResult(
                command: command.id, at: bench.clock.now, succeeded: true, message: "restored", restoredTo: "copy",
                bytes: 9)
        ])
        let done = try await bench.coordinator.operation(started.id, by: bench.admin)
        #expect(done.state == .succeeded && done.restoredTo == "copy" && done.agent == "db-02")
    }

    @Test func aRestoreOnItsOwnHostReadsTheDirectory() async throws {
        let bench = try await Bench()
        let (agent, backup) = try await oneBackup(bench, try Offsite())
        let options = RestoreOptions(
            target: nil, replace: false, skipChecksum: false, withGlobals: false, tables: [])
        let operatorOnly = OperatorIdentity(tokenId: "o", role: .operator)
        let refused = await #expect(throws: BackupError.self) {
            try await bench.coordinator.restore(backup: backup.id.uuidString, options, by: operatorOnly)
        }
        #expect(refused?.code == .forbidden)
        _ = try await bench.coordinator.restore(backup: backup.id.uuidString, options, by: bench.admin)
        let command = try #require(try await agent.checkIn(revision: 1).commands.first)
        #expect(command.restore?.sources.first?.directory != nil)
        #expect(command.restore?.sources.first?.url == nil)
        // Nobody took it in time.
        bench.clock.advance(3700)
        try await bench.coordinator.supervise()
        let id = try #require(try await bench.coordinator.catalog.read { try $0.command(command.id)?.operation })
        #expect(try await bench.coordinator.operation(id, by: bench.admin).state == .expired)
        let other = try await bench.enrol("db-02")
        _ = try await other.checkIn(databases: [other.facts("inventory")])
        var elsewhere = options
        elsewhere.agent = "db-02"
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.restore(backup: backup.id.uuidString, elsewhere, by: bench.admin)
        }
        #expect(error?.message.contains("the only copy lies in a directory on db-01") == true)
    }
}
