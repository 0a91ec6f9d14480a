import Domain
import Foundation
import Sealing
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(2)))
struct MainLineTests {
    @Test func aHostJoinsGetsAPlanReportsAndIsSeen() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01", labels: ["env": "prod"])
        #expect(
            try await bench.coordinator.authenticateAgent(certificateDER: agent.certificate.der, now: bench.clock.now)
                == agent.identity)
        let first = try await agent.checkIn()
        #expect(first.wantsDatabases)
        let second = try await agent.checkIn(databases: [
            agent.facts("inventory"), agent.facts("files", kind: .application),
        ])
        let plan = try #require(second.plan)
        #expect(plan.revision == 1)
        #expect(plan.entries.map(\.database.rawValue) == ["files", "inventory"])
        #expect(plan.entries[0].tiers.map(\.tier) == [.weekly])
        #expect(plan.entries[1].tiers.map(\.tier) == [.monthly, .weekly, .daily, .hourly])
        #expect(plan.entries[1].spreadSeconds == 0)
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.level == 1 && check.line.contains("0/2 databases ok"))
        #expect(check.line.contains("2 waiting for a first backup"))
        #expect(try await agent.checkIn(revision: 1).plan == nil)

        let run = UUID()
        let nominal = bench.clock.now
        let started = try agent.report(.started, run: run, database: "inventory", nominalAt: nominal)
        let done = try agent.report(.succeeded, run: run, database: "inventory", nominalAt: nominal, sequence: 2)
        #expect(try await agent.send([started, done]).acknowledged.count == 2)
        #expect(try await agent.send([done, started]).acknowledged.count == 2)

        let backups = try await bench.coordinator.backups(by: bench.admin)
        #expect(backups.count == 1)
        #expect(backups.first?.state == .good)
        #expect(backups.first?.proof == 0)
        #expect(backups.first?.destinations == ["local"])
        let id = try #require(backups.first?.id)
        let detail = try await bench.coordinator.backup(String(id.uuidString.prefix(6)), by: bench.admin)
        #expect(detail.manifest == done.manifest)
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)

        let status = try await bench.coordinator.status(by: bench.admin)
        #expect(status.agents.map(\.state) == [.online])
        let inventory = try #require(status.databases.first { $0.name.rawValue == "inventory" })
        #expect(inventory.state == .ok)
        #expect(inventory.lastGoodBackup == id)
        #expect(inventory.nextAt == nominal + 1800)
        #expect(status.totals.backups == 1)
        // The other has yet to be backed up.
        #expect(try await bench.coordinator.check(by: bench.admin).level == 1)
    }

    @Test func aBackupByHandReachesTheWaitingAgentAtOnce() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("a b"), agent.facts("$(id)")])
        async let held = agent.checkIn(revision: 1, wait: 50)
        let started = try await bench.coordinator.startBackup(
            BackupRequest(type: "all", tier: .manual), by: bench.admin)
        #expect(started.runs.map(\.database.rawValue) == ["$(id)", "a b"])
        let commands = try await held.commands
        #expect(commands.count == 2)
        #expect(try await agent.checkIn(revision: 1).commands == commands)
        #expect(try await agent.checkIn(revision: 1, received: commands.map(\.id)).commands.isEmpty)
        guard case .backup(let order) = commands[0].order else {
            Issue.record("expected a backup order")
            return
        }
        #expect(order.destinations.map(\.name) == ["local"])
        let again = try await bench.coordinator.startBackup(BackupRequest(type: "all", tier: .manual), by: bench.admin)
        #expect(again.runs.isEmpty)
        #expect(again.skipped.count == 2)
    }

    @Test func whatIsAskedForByTheWrongTypeIsToldTheRightOne() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("shop"), agent.facts("settings", kind: .application)])
        for (type, database, words) in [
            ("database", "settings", "settings is an application: ask for it with --type application"),
            ("application", "shop", "shop is a database: ask for it with --type database"),
            ("database", "nope", "no database is selected by this; see `holdfast database list`"),
        ] {
            let error = await #expect(throws: BackupError.self) {
                try await bench.coordinator.startBackup(
                    BackupRequest(type: type, tier: .manual, database: DatabaseName(database)), by: bench.admin)
            }
            #expect(error?.code == .notFound && error?.message == words)
        }
    }

    @Test func aCheckThatIsWellTellsOfTheWarningsThatTheStatusShows() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("shop")])
        #expect(try await bench.coordinator.status(by: bench.admin).coordinator.findings.count == 1)
        let check = try await bench.coordinator.check(by: bench.admin)
        #expect(check.level == 1 && check.line.hasPrefix("HOLDFAST WARNING - "))
        #expect(check.line.hasSuffix(", 0 open incidents, 1 warning (see holdfast status)"), "\(check.line)")
    }
}
