import Catalog
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// What is asked of a host that is not there: it is refused or told, and never done by itself later.
@Suite(.timeLimit(.minutes(2)))
struct OfflineHostTests {
    private static let plain = RestoreOptions(replace: false, skipChecksum: false, withGlobals: false, tables: [])

    /// One backup in the directory of `db-01`, and with a bucket there too.
    private func oneBackup(_ bench: Bench, _ offsite: Offsite? = nil) async throws -> (TestAgent, UUID) {
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now,
                destinations: plan.destinations, plain: VerificationTests.dump, store: { try offsite?.put($0, $1) })
        ])
        return (agent, try #require(try await bench.coordinator.backups(by: bench.admin).first?.id))
    }

    @Test func aRestoreIsRefusedWhileItsHostIsOffline() async throws {
        let bench = try await Bench()
        let (agent, backup) = try await oneBackup(bench)
        bench.clock.advance(3600)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.restore(backup: backup.uuidString, Self.plain, by: bench.admin)
        }
        #expect(error?.code == .busy)
        #expect(error?.message.hasPrefix("host db-01 is offline, last seen 2026-03-01T00:00:00Z") == true)
        #expect(error?.message.contains("holdfast-agent restore") == true)
        // The host comes back, and nothing waits for it.
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
        let started = try await bench.coordinator.restore(backup: backup.uuidString, Self.plain, by: bench.admin)
        #expect(started.state == .pending)
    }

    @Test func nobodyWaitsForAHostThatWasRevoked() async throws {
        let bench = try await Bench()
        let (_, backup) = try await oneBackup(bench)
        _ = try await bench.coordinator.revokeAgent("db-01", by: bench.admin)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.verify(backup: backup.uuidString, by: bench.admin)
        }
        #expect(error?.message.contains("only a person on its host can read it") == true, "\(error?.message ?? "")")
        #expect(
            try await bench.coordinator.check(by: bench.admin).line
                == "HOLDFAST UNKNOWN - no database is watched: every agent was revoked")
    }

    @Test func aFileIsRestoredToAnAbsolutePathOrNotAtAll() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("notes", kind: .sqlite)]).plan)
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "notes", kind: .sqlite, nominalAt: bench.clock.now,
                destinations: plan.destinations)
        ])
        let backup = try #require(try await bench.coordinator.backups(by: bench.admin).first?.id)
        func restore(to target: String) async throws -> OperationView {
            try await bench.coordinator.restore(
                backup: backup.uuidString,
                RestoreOptions(
                    target: target, replace: false, skipChecksum: false, withGlobals: false, tables: []),
                by: bench.admin)
        }
        let error = await #expect(throws: BackupError.self) { try await restore(to: "notes.db") }
        #expect(error?.code == .usage && error?.message.contains("absolute path") == true)
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
        #expect(try await restore(to: "/srv/notes.db").state == .pending)
    }

    /// The report of a host that was cut off comes before its check-in: what follows the report waits for that.
    @Test func aHealthCheckOfAHostThatComesBackIsNotOverBeforeItChecksIn() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        bench.clock.advance(3600)
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "inventory", tiers: [.monthly], nominalAt: bench.clock.now - 60,
                destinations: plan.destinations, plain: VerificationTests.dump, store: { _, _ in })
        ])
        try await bench.coordinator.supervise()
        let commands = try await agent.checkIn(revision: 1).commands
        #expect(commands.count == 1)
        guard case .verify = commands.first?.order else {
            Issue.record("expected an order to verify, not \(commands)")
            return
        }
    }

    /// Somebody asked, and left: what was written since must not be replaced when the host is back.
    @Test func aRestoreThatIsNotTakenAtOnceIsNotDoneLater() async throws {
        let bench = try await Bench()
        let (agent, backup) = try await oneBackup(bench)
        let started = try await bench.coordinator.restore(backup: backup.uuidString, Self.plain, by: bench.admin)
        bench.clock.advance(121)
        // Not even when the agent comes before the coordinator has looked.
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
        try await bench.coordinator.supervise()
        let ended = try await bench.coordinator.operation(started.id, by: bench.admin)
        #expect(ended.state == .expired && ended.message?.contains("did not take it in time") == true)
    }

    /// Whoever asked is told that it is not done; so it must not be done.
    @Test func aRestoreThatIsGivenUpWhileItsAddressesAreMadeDoesNotGoDown() async throws {
        let offsite = try Offsite()
        let (signing, signs) = AsyncStream<Void>.makeStream()
        let isGivenUp = DispatchSemaphore(value: 0)
        let bench = try await Bench.withBucket(offsite) { world in
            world.presign = { (_, key, _) throws(BackupError) in
                signs.yield()
                isGivenUp.wait()
                return "https://acme.example/\(key)"
            }
        }
        let (_, backup) = try await oneBackup(bench, offsite)
        let other = try await bench.enrol("db-02")
        _ = try await other.checkIn(databases: [other.facts("inventory")])
        var elsewhere = Self.plain
        elsewhere.agent = "db-02"
        let started = try await bench.coordinator.restore(backup: backup.uuidString, elsewhere, by: bench.admin)
        async let answer = other.checkIn(revision: 1)
        _ = await signing.first { _ in true }
        bench.clock.advance(121)
        try await bench.coordinator.supervise()
        isGivenUp.signal()
        #expect(try await answer.commands.isEmpty)
        #expect(try await bench.coordinator.operation(started.id, by: bench.admin).state == .expired)
    }

    @Test func verifyingWhatOnlyAnOfflineHostCanReadEndsAtOnce() async throws {
        let bench = try await Bench()
        let (agent, backup) = try await oneBackup(bench)
        bench.clock.advance(3600)
        let error = await #expect(throws: BackupError.self) {
            try await bench.coordinator.verify(backup: backup.uuidString, by: bench.admin)
        }
        #expect(error?.code == .busy)
        let all = try await bench.coordinator.verifyAll(by: bench.admin)
        #expect(all.map(\.state) == [.failed])
        #expect(all.first?.failure?.code == "unreachable")
        #expect(all.first?.failure?.message.hasPrefix("not verified: host db-01 is offline") == true)
        let asked = try await bench.coordinator.operation(try #require(all.first?.id), by: bench.admin)
        #expect(asked.state == .failed && asked.finishedAt != nil)
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
        // Nothing was found to be wrong with it.
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.state == .good)
    }

    @Test func theBucketIsReadAllTheSame() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        bench.clock.advance(3600)
        let all = try await bench.coordinator.verify(backup: backup.uuidString, by: bench.admin)
        #expect(all.map(\.state) == [.pending, .failed])
        try await bench.coordinator.readWaitingCopies()
        #expect(try await bench.coordinator.operation(all[0].id, by: bench.admin).state == .succeeded)
    }

    @Test func aHostThatFallsSilentBeforeItTakesAVerificationEndsIt() async throws {
        let bench = try await Bench()
        let (agent, backup) = try await oneBackup(bench)
        bench.clock.advance(400)
        _ = try await agent.checkIn(revision: 1)
        let started = try await bench.coordinator.verify(backup: backup.uuidString, by: bench.admin)
        bench.clock.advance(1000)
        try await bench.coordinator.supervise()
        let ended = try await bench.coordinator.operation(try #require(started.first?.id), by: bench.admin)
        #expect(ended.state == .expired)
        #expect(try await agent.checkIn(revision: 1).commands.isEmpty)
    }

    /// P2: an agent that is not heard goes on reading as long as its addresses live.
    @Test func aBackupThatMayStillBeReadIsInUse() async throws {
        let offsite = try Offsite()
        let bench = try await Bench.withBucket(offsite)
        let (_, backup) = try await oneBackup(bench, offsite)
        let other = try await bench.enrol("db-02")
        _ = try await other.checkIn(databases: [other.facts("inventory")])
        var elsewhere = Self.plain
        elsewhere.agent = "db-02"
        let started = try await bench.coordinator.restore(backup: backup.uuidString, elsewhere, by: bench.admin)
        let command = try #require(try await other.checkIn(revision: 1).commands.first)
        _ = try await other.checkIn(revision: 1, received: [command.id])
        bench.clock.advance(1000)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.operation(started.id, by: bench.admin).state == .expired)
        func reasons() async throws -> [String] {
            try await bench.coordinator.cleanupPlan(by: bench.admin).items.map(\.reason)
        }
        #expect(try await reasons() == ["in use"])
        bench.clock.advance(11 * 3600)
        #expect(try await reasons() == ["in use"])
        bench.clock.advance(3 * 3600)
        #expect(try await reasons() != ["in use"])
    }

    @Test func aDeletionThatIsRefusedIsAskedForLaterAndToldAfterADay() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        for number in 0..<5 {
            try await agent.send([
                agent.report(
                    .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now + Double(number))
            ])
            bench.clock.advance(60)
        }
        try await bench.liveOn(3 * 86_400)
        _ = try await agent.checkIn(revision: 1)
        let plan = try await bench.coordinator.cleanupPlan(by: bench.admin)
        _ = try await bench.coordinator.cleanup(CleanupRequest(digest: plan.digest), by: bench.admin)
        func asked() async throws -> [Command] {
            try await bench.coordinator.resumeDeletions()
            return try await agent.checkIn(revision: 1).commands
        }
        func refuse(_ commands: [Command]) async throws {
            try await agent.send(
                results: commands.map {
                    CommandResult(
                        command: $0.id, at: bench.clock.now, succeeded: false,
                        failure: Failure(code: "storageRefused", message: "the folder is read-only"), message: "no")
                })
        }
        func incidents() async throws -> [String] {
            try await bench.coordinator.status(by: bench.admin).incidents.map(\.kind).filter { $0 == "undeleted" }
        }
        func obey(_ commands: [Command]) async throws {
            try await agent.send(
                results: commands.map {
                    CommandResult(command: $0.id, at: bench.clock.now, succeeded: true, message: "gone")
                })
        }
        let first = try await asked()
        #expect(first.count == 2)
        try await refuse(first)
        #expect(try await asked().isEmpty)
        bench.clock.advance(3601)
        try await refuse(try await asked())
        #expect(try await incidents().isEmpty)
        bench.clock.advance(86_400)
        try await refuse(try await asked())
        #expect(try await incidents() == ["undeleted"])
        // By now it is asked once a day.
        bench.clock.advance(3601)
        #expect(try await asked().isEmpty)
        bench.clock.advance(86_400)
        let later = try await asked()
        #expect(later.count == 2)
        // One of them going is not the end of it, and no second alert.
        try await obey(later.prefix(1).map { $0 })
        #expect(try await incidents() == ["undeleted"])
        try await refuse(later.suffix(1).map { $0 })
        bench.clock.advance(86_400)
        let last = try await asked()
        #expect(last.count == 1)
        #expect(
            try await bench.coordinator.catalog.read { try $0.openIncidentKeys(kind: IncidentKind.undeleted).count }
                == 1)
        try await obey(last)
        #expect(try await incidents().isEmpty)
    }
}
