import Archive
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

/// P4: a backup that never came is an event, computed from the schedule and never from what agents say.
@Suite(.timeLimit(.minutes(2)))
struct OverdueTests {
    private func kinds(_ bench: Bench) async throws -> [String] {
        try await bench.coordinator.supervise()
        return try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).map(\.kind).sorted()
    }

    @Test func aDeadAgentCannotLookHealthy() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        #expect(try await kinds(bench) == [])
        // Due at 10:30, window of 15 minutes, grace of 5.
        bench.clock.set("2026-03-01T10:45:00Z")
        #expect(try await kinds(bench) == ["offline"])
        bench.clock.set("2026-03-01T10:49:59Z")
        #expect(try await kinds(bench) == ["offline"])
        bench.clock.set("2026-03-01T10:50:01Z")
        #expect(try await kinds(bench) == ["offline", "overdue"])
        let status = try await bench.coordinator.status(by: bench.admin)
        #expect(status.databases.first?.state == .overdue)
        #expect(status.agents.first?.state == .offline)
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
        let overdue = try #require(status.incidents.first { $0.kind == "overdue" })
        #expect(overdue.detail.contains("2026-03-01T10:30:00Z"))

        _ = try await agent.checkIn(revision: 1)
        #expect(try await kinds(bench) == ["overdue"])
        try await agent.send([
            agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        #expect(try await kinds(bench) == [])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.state == .ok)
    }

    @Test func whoJustStartedListensFirst() async throws {
        let bench = try await Bench(at: "2026-03-01T10:00:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await bench.coordinator.saveSightings()
        try bench.coordinator.close()
        bench.clock.set("2026-03-02T10:00:00Z")
        let again = try await Coordinator.open(
            paths: bench.coordinator.paths, world: bench.coordinator.world, logger: Bench.quiet)
        bench.clock.advance(179)
        try await again.supervise()
        #expect(try await again.alerts(includeResolved: false, by: bench.admin).isEmpty)
        bench.clock.advance(120)
        try await again.supervise()
        #expect(try await again.alerts(includeResolved: false, by: bench.admin).map(\.kind) == ["overdue"])
        #expect(try await again.agents(by: bench.admin).first?.state == .online)
        bench.clock.advance(2)
        try await again.supervise()
        #expect(
            try await again.alerts(includeResolved: false, by: bench.admin).map(\.kind).sorted() == [
                "offline", "overdue",
            ])
        try again.close()
    }

    @Test func aRunAtWorkIsNotMissingYetButASilentOneIs() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        bench.clock.set("2026-03-01T10:30:00Z")
        let run = UUID()
        try await agent.send([agent.report(.started, run: run, database: "inventory", nominalAt: bench.clock.now)])
        let progress = RunProgress(
            run: run, attempt: 1, database: try DatabaseName("inventory"), phase: Word(.dumping), plainBytes: 5,
            storedBytes: 2, startedAt: bench.clock.now)
        bench.clock.set("2026-03-01T10:55:00Z")
        _ = try await agent.checkIn(revision: 1, running: [progress])
        #expect(try await kinds(bench) == [])
        bench.clock.set("2026-03-01T11:06:00Z")
        #expect(try await kinds(bench) == ["offline", "overdue"])
    }

    @Test func aBackupThatShowsAnOldStateIsNotTheOneThatIsDue() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        bench.clock.set("2026-03-01T10:51:00Z")
        _ = try await agent.checkIn(revision: 1)
        #expect(try await kinds(bench) == ["overdue"])
        // What came out of the spool only now was made before the one that is due.
        var late = try agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now - 1800)
        late.manifest?.snapshotAt = bench.clock.now - 1800
        try await agent.send([late])
        #expect(try await kinds(bench) == ["overdue"])
        try await agent.send([
            agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        #expect(try await kinds(bench) == [])
    }

    @Test func aRunThatNeverEndsHidesNothing() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let run = UUID()
        try await agent.send([agent.report(.started, run: run, database: "inventory", nominalAt: bench.clock.now)])
        let progress = RunProgress(
            run: run, attempt: 1, database: try DatabaseName("inventory"), phase: Word(.dumping), plainBytes: 5,
            storedBytes: 2, startedAt: bench.clock.now)
        for (hours, expected) in [(5.0, []), (7.0, ["overdue"])] {
            bench.clock.set("2026-03-01T10:10:00Z")
            bench.clock.advance(hours * 3600)
            _ = try await agent.checkIn(revision: 1, running: [progress])
            #expect(try await kinds(bench) == expected)
        }
    }

    @Test func anObjectiveIsHeldWhateverTheScheduleSays() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let yaml = "policies:\n  p: { tiers: { daily: {} }, rpo: 2h }\n"
        _ = try await bench.coordinator.apply(
            ApplyRequest(yaml: yaml, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        try await agent.send([
            agent.report(
                .succeeded, run: UUID(), database: "inventory", policy: "p", tiers: [.manual],
                nominalAt: bench.clock.now)
        ])
        bench.clock.advance(7199)
        _ = try await agent.checkIn(revision: 2)
        #expect(try await kinds(bench) == [])
        bench.clock.advance(2)
        #expect(try await kinds(bench) == ["overdue"])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.rpoMet == false)
    }

    @Test func whatIsDeclaredNoMoreIsGoneAndCriticalAfterADay() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        bench.clock.advance(3600)
        _ = try await agent.checkIn(revision: 1)
        #expect(try await kinds(bench) == ["overdue"])
        _ = try await agent.checkIn(databases: [], revision: 1)
        #expect(try await kinds(bench) == [])
        #expect(try await bench.coordinator.databases(by: bench.admin).map(\.state) == [.gone])
        #expect(try await bench.coordinator.check(by: bench.admin).level == 1)
        bench.clock.advance(86_401)
        _ = try await agent.checkIn(revision: 1)
        #expect(try await kinds(bench) == ["gone"])
        #expect(try await bench.coordinator.check(by: bench.admin).level == 2)
        _ = try await bench.coordinator.retireDatabase("inventory", on: "db-01", by: bench.admin)
        #expect(try await kinds(bench) == [])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.isEmpty)
        // Declared again it is watched again.
        _ = try await agent.checkIn(databases: [agent.facts("inventory")], revision: 1)
        #expect(try await bench.coordinator.status(by: bench.admin).databases.map(\.state) != [])
    }

    /// An operator's word about a database that is declared, and selected by nothing, holds however often its host tells of it.
    @Test func whatIsRetiredStaysSoWhileItsHostGoesOnDeclaringIt() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        _ = try await bench.coordinator.apply(
            ApplyRequest(
                yaml: """
                    destinations: { local: { directory: /backups } }
                    policies: { default: { selector: { env: prod }, tiers: { hourly: {} } } }
                    """, fileName: "fleet.yaml", dryRun: false), by: bench.admin)
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        #expect(try await kinds(bench) == [])
        bench.clock.advance(86_402)
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        #expect(try await kinds(bench) == ["gone"])
        _ = try await bench.coordinator.retireDatabase("inventory", on: "db-01", by: bench.admin)
        #expect(try await kinds(bench) == [])
        bench.clock.advance(600)
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        #expect(try await kinds(bench) == [])
        #expect(try await bench.coordinator.status(by: bench.admin).databases.isEmpty)
    }

    @Test func aCommandThatNobodyTakesEndsItsRun() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("a"), agent.facts("b")])
        func start(_ name: String) async throws -> RunView {
            let request = BackupRequest(type: "all", tier: .manual, database: try DatabaseName(name))
            return try #require(try await bench.coordinator.startBackup(request, by: bench.admin).runs.first)
        }
        let told = try await start("a")
        #expect(try await agent.checkIn(revision: 1).commands.count == 1)
        let untold = try await start("b")
        bench.clock.advance(3601)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.run(told.id, by: bench.admin).state == .lost)
        #expect(try await bench.coordinator.run(untold.id, by: bench.admin).state == .missed)
    }
}
