import Catalog
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// What was asked for can be ended, wherever it is.
@Suite(.timeLimit(.minutes(2)))
struct CancelTests {
    private func started(_ bench: Bench) async throws -> (TestAgent, UUID) {
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let started = try await bench.coordinator.startBackup(
            BackupRequest(type: "all", tier: .manual), by: bench.admin)
        return (agent, try #require(started.runs.first).id)
    }

    private func short(_ id: UUID) -> String { String(id.uuidString.lowercased().prefix(8)) }

    @Test func aRunThatNobodyTookEndsAtOnceAndNeverGoesDown() async throws {
        let bench = try await Bench()
        let (agent, run) = try await started(bench)
        for _ in 0..<2 {
            let view = try await bench.coordinator.cancelRun(short(run), by: bench.admin)
            #expect(view.id == run && view.state == .cancelled && view.finishedAt != nil)
        }
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
        let audit = try await bench.coordinator.catalog.read { try $0.auditTrail(limit: 100) }
        #expect(audit.filter { $0.contains("run cancel") }.count == 1)
    }

    @Test func aRunAtWorkIsStoppedByItsAgent() async throws {
        let bench = try await Bench()
        let (agent, run) = try await started(bench)
        let backup = try #require(try await agent.checkIn(revision: 1).commands.first)
        try await agent.send([
            agent.report(.started, run: run, database: "inventory", tiers: [.manual], nominalAt: bench.clock.now)
        ])
        for _ in 0..<2 {
            #expect(try await bench.coordinator.cancelRun(run.uuidString, by: bench.admin).state == .running)
        }
        let commands = try await agent.checkIn(revision: 1, received: [backup.id]).commands
        #expect(commands.map(\.cancel) == [run])
        let cancel = try #require(commands.first)
        try await agent.send(
            [
                agent.report(
                    .cancelled, run: run, database: "inventory", tiers: [.manual], nominalAt: bench.clock.now,
                    sequence: 2)
            ],
            results: [
                CommandResult(command: cancel.id, at: bench.clock.now, succeeded: true, message: "asked to stop")
            ])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .cancelled)
        #expect(try await bench.coordinator.alerts(includeResolved: true, by: bench.admin).isEmpty)
    }

    /// The host was rebuilt, say: nobody will ever report this run, and nobody has to wait for it.
    @Test func aRunThatItsHostDoesNotKnowIsOver() async throws {
        let bench = try await Bench()
        let (agent, run) = try await started(bench)
        let backup = try #require(try await agent.checkIn(revision: 1).commands.first)
        _ = try await bench.coordinator.cancelRun(run.uuidString, by: bench.admin)
        let cancel = try #require(try await agent.checkIn(revision: 1, received: [backup.id]).commands.first)
        try await agent.send(results: [
            CommandResult(
                command: cancel.id, at: bench.clock.now, succeeded: false,
                failure: Failure(code: "notFound", message: "this is not at work on this host"), message: "no")
        ])
        let ended = try await bench.coordinator.run(run, by: bench.admin)
        #expect(ended.state == .cancelled && ended.reason?.contains("does not know it") == true)
        // A backup that comes all the same is never dropped.
        try await agent.send([
            agent.report(.succeeded, run: run, database: "inventory", tiers: [.manual], nominalAt: bench.clock.now)
        ])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)
    }

    private func verification(_ bench: Bench) async throws -> (TestAgent, Command, UUID) {
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await agent.send([
            agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        let backup = try #require(try await bench.coordinator.backups(by: bench.admin).first)
        let operation = try #require(
            try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin).first)
        let command = try #require(try await agent.checkIn(revision: 1).commands.first)
        return (agent, command, operation.id)
    }

    @Test func anOperationOnAHostIsStoppedThere() async throws {
        let bench = try await Bench()
        let (agent, verify, operation) = try await verification(bench)
        for _ in 0..<2 {
            #expect(try await bench.coordinator.cancelOperation(short(operation), by: bench.admin).state == .pending)
        }
        let commands = try await agent.checkIn(revision: 1, received: [verify.id]).commands
        #expect(commands.map(\.cancel) == [verify.id])
        try await agent.send(results: [
            CommandResult(
                command: verify.id, at: bench.clock.now, succeeded: false,
                failure: Failure(code: "cancelled", message: "stopped while reading"), message: "stopped")
        ])
        let ended = try await bench.coordinator.operation(operation, by: bench.admin)
        #expect(ended.state == .cancelled && ended.message == "stopped")
        #expect(try await bench.coordinator.cancelOperation(short(operation), by: bench.admin).state == .cancelled)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
    }

    @Test func anAgentThatIsTooOldOrAwayIsSaidToBe() async throws {
        let bench = try await Bench()
        let (agent, _, operation) = try await verification(bench)
        _ = try await bench.coordinator.checkIn(
            CheckInRequest(
                version: ProtocolVersion(rawValue: 1), holdfast: "0.1.0", bootId: "boot", clock: bench.clock.now,
                planRevision: 1, running: [], spoolDepth: 0, databases: nil, receivedCommands: [], commands: [],
                waitSeconds: 0), from: agent.identity)
        let old = await #expect(throws: BackupError.self) {
            try await bench.coordinator.cancelOperation(short(operation), by: bench.admin)
        }
        #expect(old?.code == .usage && old?.message.contains("older release") == true)
        bench.clock.advance(400)
        let away = await #expect(throws: BackupError.self) {
            try await bench.coordinator.cancelOperation(short(operation), by: bench.admin)
        }
        #expect(away?.code == .busy && away?.message.hasPrefix("host db-01 is offline") == true)
    }

    @Test func whatTheCoordinatorReadsItselfStops() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (operation, reading) = try await BombTests.beingRead(bench, offsite)
        #expect(try await bench.coordinator.cancelOperation(short(operation), by: bench.admin).state == .cancelled)
        try await reading.value
        #expect(try await bench.coordinator.operation(operation, by: bench.admin).state == .cancelled)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
    }

    /// Whoever waits for a verification on a host that died hears of it when it is known, and why.
    @Test func whatADeadHostTookEndsWhenItIsKnownToBeOffline() async throws {
        let bench = try await Bench()
        bench.clock.advance(301)
        let (agent, verify, operation) = try await verification(bench)
        _ = try await agent.checkIn(revision: 1, received: [verify.id])
        bench.clock.advance(149)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.operation(operation, by: bench.admin).state == .pending)
        bench.clock.advance(2)
        try await bench.coordinator.supervise()
        let ended = try await bench.coordinator.operation(operation, by: bench.admin)
        #expect(ended.state == .expired)
        #expect(ended.message?.hasPrefix("host db-01 is offline, last seen 2026-03-01T00:05:01Z") == true)
        // It was not, and what it says counts.
        try await agent.send(results: [
            CommandResult(command: verify.id, at: bench.clock.now, succeeded: true, message: "ok", proof: .sound)
        ])
        #expect(try await bench.coordinator.operation(operation, by: bench.admin).state == .succeeded)
    }
}
