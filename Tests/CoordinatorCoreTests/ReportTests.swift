import Archive
import Catalog
import Domain
import Foundation
import Testing
import Wire

@testable import CoordinatorCore

@Suite(.timeLimit(.minutes(3)))
struct ReportTests {
    @Test func reportsInAnyOrderAndNumberEndInOneState() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        var random = SplitMix(seed: 42)
        for round in 0..<25 {
            let run = UUID()
            let nominal = bench.clock.now + Double(round)
            let ending: RunEvent = round % 2 == 0 ? .succeeded : .failed
            var told: [RunReport] = []
            for attempt in 1...2 {
                told.append(
                    try agent.report(
                        .started, run: run, database: "inventory", nominalAt: nominal, attempt: attempt, sequence: 1))
            }
            told.append(
                try agent.report(
                    ending, run: run, database: "inventory", nominalAt: nominal, attempt: 2, sequence: 2,
                    failure: Failure(code: "sourceRefused", message: "no")))
            let sent = (told + told + told).shuffled(using: &random)
            for portion in stride(from: 0, to: sent.count, by: 2) {
                let receipt = try await agent.send(Array(sent[portion..<min(portion + 2, sent.count)]))
                #expect(receipt.refused.isEmpty)
            }
            let view = try await bench.coordinator.run(run, by: bench.admin)
            #expect(view.state == (ending == .succeeded ? .succeeded : .failed))
            #expect(view.attempt == 2)
            #expect((view.backup != nil) == (ending == .succeeded))
        }
        #expect(try await bench.coordinator.backups(by: bench.admin).count == 13)
        let failed = try await bench.coordinator.alerts(includeResolved: true, by: bench.admin)
        #expect(failed.allSatisfy { $0.kind == "failed" })
    }

    @Test func whatARunTookIsAllOfItsAttempts() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let (run, nominal) = (UUID(), bench.clock.now)
        func report(_ event: RunEvent, _ attempt: Int, _ sequence: Int) throws -> RunReport {
            var report = try agent.report(
                event, run: run, database: "inventory", nominalAt: nominal, attempt: attempt, sequence: sequence)
            report.at = bench.clock.now
            return report
        }
        let first = try report(.started, 1, 1)
        bench.clock.advance(100)
        let second = try report(.started, 2, 1)
        bench.clock.advance(50)
        let end = try report(.succeeded, 2, 2)
        try await agent.send([first])
        try await agent.send([second])
        try await agent.send([end])
        let view = try await bench.coordinator.run(run, by: bench.admin)
        #expect(view.state == .succeeded && view.tookSeconds == 150)
        #expect(try await bench.coordinator.backups(by: bench.admin).first?.tookSeconds == 150)
    }

    @Test func aLateSuccessWinsOverLost() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let (run, nominal) = (UUID(), bench.clock.now)
        try await agent.send([agent.report(.started, run: run, database: "inventory", nominalAt: nominal)])
        bench.clock.advance(11 * 60)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .unknown)
        let progress = RunProgress(
            run: run, attempt: 1, database: try DatabaseName("inventory"), phase: Word(.dumping), plainBytes: 5,
            storedBytes: 2, startedAt: nominal)
        _ = try await agent.checkIn(revision: 1, running: [progress])
        let live = try await bench.coordinator.run(run, by: bench.admin)
        #expect(live.state == .running)
        #expect(live.plainBytes == 5)
        _ = try await agent.checkIn(revision: 1)
        bench.clock.advance(7 * 3600)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .lost)
        try await agent.send([
            agent.report(.failed, run: run, database: "inventory", nominalAt: nominal, sequence: 2)
        ])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .lost)
        try await agent.send([
            agent.report(.succeeded, run: run, database: "inventory", nominalAt: nominal, sequence: 3)
        ])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
    }

    /// C5: the run is given up, and then half of it turns out to be there. The run stays as it is; the copy has a row.
    @Test func aLatePartialBackupOfALostRunHasARow() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let (run, nominal) = (UUID(), bench.clock.now)
        try await agent.send([agent.report(.started, run: run, database: "inventory", nominalAt: nominal)])
        bench.clock.advance(7 * 3600)
        try await bench.coordinator.supervise()
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .lost)
        var partial = try agent.report(.succeeded, run: run, database: "inventory", nominalAt: nominal, sequence: 2)
        partial.event = Word(.failed)
        partial.failure = Failure(code: "storageUnavailable", message: "stored at 1 of 2 destinations")
        partial.destinations.append(
            DestinationResult(
                destination: "offsite", isComplete: false, folder: "db-01/database-backups/", objects: [],
                error: "no answer"))
        #expect(try await agent.send([partial]).refused.isEmpty)
        let backups = try await bench.coordinator.backups(by: bench.admin)
        #expect(backups.map(\.state) == [.partial] && backups.map(\.id) == [partial.manifest?.id])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .lost)
        // Told twice it is one.
        partial.sequence = 3
        #expect(try await agent.send([partial]).refused.isEmpty)
        #expect(try await bench.coordinator.backups(by: bench.admin).count == 1)
    }

    /// A host's clock was a day ahead for a moment: what it says of occurrences that are still to come settles nothing, and the
    /// backups of that day are taken when they come.
    @Test func whatIsStillToComeCannotHaveBeenMissed() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let (begin, name) = (bench.clock.now, try DatabaseName("inventory"))
        func run(_ nominal: Date) -> UUID {
            ScheduledRun.id(policy: "default", agent: agent.identity.id, database: name, nominalAt: nominal)
        }
        for hour in 1...25 {
            for event in [RunEvent.missed, .skipped] {
                let nominal = begin + Double(hour) * 3600
                let receipt = try await agent.send([
                    agent.report(event, run: run(nominal), database: "inventory", nominalAt: nominal)
                ])
                #expect(receipt.refused.isEmpty && receipt.acknowledged.count == 1)
            }
        }
        let nominal = begin + 5 * 3600
        await #expect(throws: BackupError.self) { try await bench.coordinator.run(run(nominal), by: bench.admin) }
        bench.clock.advance(5 * 3600)
        try await agent.send([agent.report(.succeeded, run: run(nominal), database: "inventory", nominalAt: nominal)])
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good])
        #expect(try await bench.coordinator.run(run(nominal), by: bench.admin).state == .succeeded)
    }

    /// Whatever the run ended in before: a success with a manifest that is not known is catalogued.
    @Test(arguments: [RunEvent.missed, .skipped, .cancelled, .failed])
    func aSuccessThatComesAfterAnyEndIsCatalogued(_ end: RunEvent) async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let run = UUID()
        try await agent.send([agent.report(end, run: run, database: "inventory", nominalAt: bench.clock.now)])
        let late = try agent.report(
            .succeeded, run: run, database: "inventory", nominalAt: bench.clock.now, attempt: 2, sequence: 2)
        #expect(try await agent.send([late]).refused.isEmpty)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.id) == [late.manifest?.id])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)
    }

    /// A clock that was ahead, or went back, gives a second backup the run, attempt and number of the first.
    @Test func aSecondBackupOfTheSameRunAndAttemptIsCatalogued() async throws {
        let bench = try await Bench(at: "2026-03-01T10:10:00Z")
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let run = UUID()
        func made(_ attempt: Int) throws -> [RunReport] {
            // Names are another attempt's, for those of the first are taken.
            var done = try agent.report(
                .succeeded, run: run, database: "inventory", nominalAt: bench.clock.now, attempt: attempt, sequence: 2)
            done.attempt = 1
            done.manifest?.attempt = 1
            return [
                try agent.report(.started, run: run, database: "inventory", nominalAt: bench.clock.now, sequence: 1),
                done,
            ]
        }
        let (first, second) = (try made(1), try made(2))
        for _ in 0..<2 { #expect(try await agent.send(first).refused.isEmpty) }
        for _ in 0..<2 { #expect(try await agent.send(second).refused.isEmpty) }
        let known = Set(try await bench.coordinator.backups(by: bench.admin).map(\.id))
        #expect(known == Set([first, second].compactMap { $0.last?.manifest?.id }) && known.count == 2)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state) == [.good, .good])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)
    }

    @Test func whatIsAnotherAgentsIsRefusedAndAudited() async throws {
        let bench = try await Bench()
        let (one, other) = (try await bench.enrol("db-01"), try await bench.enrol("db-02"))
        _ = try await one.checkIn(databases: [one.facts("inventory")])
        let (run, nominal) = (UUID(), bench.clock.now)
        try await one.send([one.report(.started, run: run, database: "inventory", nominalAt: nominal)])
        let theft = try other.report(.succeeded, run: run, database: "inventory", nominalAt: nominal, sequence: 2)
        #expect(try await other.send([theft]).refused.count == 1)
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .running)

        var forged = try other.report(.succeeded, run: UUID(), database: "inventory", nominalAt: nominal)
        forged.manifest?.agent.id = one.identity.id
        #expect(try await other.send([forged]).refused.count == 1)
        #expect(try await bench.coordinator.backups(by: bench.admin).isEmpty)
        let result = CommandResult(command: UUID(), at: nominal, succeeded: true, message: "done")
        #expect(try await other.send(results: [result]).refused.count == 1)
        let trail = try await bench.coordinator.catalog.read { try $0.auditTrail(limit: 10) }
        #expect(trail.filter { $0.contains("db-02 report refused") }.count == 2)
        #expect(trail.contains { $0.contains("db-02 result refused") })
    }

    /// P5: the ids of scheduled runs can be reckoned beforehand; who took one would keep its true reports out for good.
    @Test func aScheduledRunIsBegunOnlyByWhoseItIs() async throws {
        let bench = try await Bench()
        let (one, other) = (try await bench.enrol("db-01"), try await bench.enrol("db-02"))
        _ = try await one.checkIn(databases: [one.facts("inventory")])
        let nominal = bench.clock.now + 1800
        let run = ScheduledRun.id(
            policy: "default", agent: one.identity.id, database: try DatabaseName("inventory"), nominalAt: nominal)
        let theft = try other.report(.started, run: run, database: "inventory", nominalAt: nominal)
        let refused = try await other.send([theft]).refused
        #expect(refused.map(\.reason) == ["the run's id belongs to another agent, policy, database or time"])
        let early = try one.report(.started, run: run, database: "inventory", nominalAt: nominal + 1)
        #expect(try await one.send([early]).refused.count == 1)
        let own = try one.report(.succeeded, run: run, database: "inventory", nominalAt: nominal)
        #expect(try await one.send([own]).refused.isEmpty)
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .succeeded)
    }

    @Test func noResultCountsMoreBytesThanCanBeAddedUp() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        try await agent.send([
            agent.report(.succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now)
        ])
        let backup = try #require(try await bench.coordinator.backups(by: bench.admin).first)
        let started = try await bench.coordinator.verify(backup: backup.id.uuidString, by: bench.admin)
        let command = try #require(try await agent.checkIn(revision: 1).commands.first)
        try await agent.send(results: [
            CommandResult(
                command: command.id, at: bench.clock.now, succeeded: true, message: "sound", proof: .sound, bytes: .max)
        ])
        let ended = try await bench.coordinator.operation(try #require(started.first?.id), by: bench.admin)
        #expect(ended.state == .succeeded && ended.bytes == 1 << 50)
    }

    /// P1, P5: what a report claims must add up, and may only name what the run itself can have written.
    @Test(arguments: ["folder", "name", "digest", "manifest", "incomplete", "empty", "none", "unknown place"])
    func aSuccessThatDoesNotAddUpIsAFailure(_ lie: String) async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let run = UUID()
        var report = try agent.report(.succeeded, run: run, database: "inventory", nominalAt: bench.clock.now)
        switch lie {
        case "folder": report.destinations[0].folder = "db-02/database-backups/"
        case "name":
            report.manifest?.objects[0].name = "../secret"
            report.destinations[0].objects[0].name = "../secret"
        case "digest": report.destinations[0].objects[0].sha256 = String(repeating: "0", count: 64)
        case "manifest": report.destinations[0].objects.removeLast()
        case "incomplete": report.destinations[0].isComplete = false
        case "empty": report.manifest?.objects[0].plainBytes = 0
        case "none": report.destinations = []
        default: report.destinations[0].destination = "elsewhere"
        }
        #expect(try await agent.send([report]).refused.isEmpty)
        let view = try await bench.coordinator.run(run, by: bench.admin)
        #expect(view.state == .failed)
        #expect(view.failure?.code == "integrity")
        #expect(try await bench.coordinator.backups(by: bench.admin).allSatisfy { $0.state != .good })
        #expect(try await bench.coordinator.status(by: bench.admin).databases.first?.state == .failing)
    }

    /// Plain, by chance, or counted as older agents did: each names the backup, and no other attempt's name does.
    @Test(arguments: [
        ("", 1, true), ("_0123456789ab", 1, true), ("_0123456789ab", 4, true), ("_a2", 2, true), ("_a2", 3, false),
    ])
    func everyFormOfNameIsRead(_ mark: String, _ attempt: Int, _ isGood: Bool) async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let run = UUID()
        var report = try agent.report(.succeeded, run: run, database: "inventory", nominalAt: bench.clock.now)
        report.attempt = attempt
        report.manifest?.attempt = attempt
        let stem = try #require(report.manifest?.objects[0].name.split(separator: ".").first)
        report.manifest?.objects[0].name = "\(stem)\(mark).sql"
        report.destinations[0].objects[0].name = "\(stem)\(mark).sql"
        report.destinations[0].objects[1].name = "\(stem)\(mark).json"
        #expect(try await agent.send([report]).refused.isEmpty)
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == (isGood ? .succeeded : .failed))
    }

    /// What can never be taken keeps nothing else from being taken.
    @Test(arguments: ["empty", "huge", "many", "foreign"])
    func onePoisonedReportDoesNotStopTheOthers(_ poison: String) async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        _ = try await agent.checkIn(databases: [agent.facts("inventory")])
        let (bad, fine) = (UUID(), UUID())
        var report = try agent.report(.succeeded, run: bad, database: "inventory", nominalAt: bench.clock.now)
        report.event = Word(.failed)
        report.failure = Failure(code: "storageRefused", message: "no room")
        switch poison {
        case "empty": report.manifest?.objects = []
        case "huge": report.manifest?.objects[0].storedBytes = .max
        case "many":
            let object = try #require(report.manifest?.objects.first)
            report.manifest?.objects = Array(repeating: object, count: 17)
        default: report.manifest?.agent.id = UUID()
        }
        let receipt = try await agent.send([
            report,
            agent.report(.succeeded, run: fine, database: "inventory", nominalAt: bench.clock.now + 1),
        ])
        #expect(receipt.acknowledged.count + receipt.refused.count == 2)
        #expect(receipt.refused.count == (poison == "foreign" ? 1 : 0))
        #expect(try await bench.coordinator.run(fine, by: bench.admin).state == .succeeded)
        #expect(try await bench.coordinator.backups(by: bench.admin).count == 1)
        guard poison != "foreign" else { return }
        #expect(try await bench.coordinator.run(bad, by: bench.admin).failure?.message == "no room")
    }

    @Test func anAgentSpeaksOnlyOfItsOwnCommands() async throws {
        let bench = try await Bench()
        let (one, other) = (try await bench.enrol("db-01"), try await bench.enrol("db-02"))
        func say(_ agent: TestAgent, _ commands: [CommandProgress]) async throws {
            let request = CheckInRequest(
                holdfast: "0.1.0", bootId: "b", clock: bench.clock.now, planRevision: 0, running: [], spoolDepth: 0,
                databases: nil, receivedCommands: [], commands: commands, waitSeconds: 0)
            _ = try await bench.coordinator.checkIn(request, from: agent.identity)
        }
        let id = UUID()
        try await say(one, [CommandProgress(command: id, phase: "reading", bytes: 5, totalBytes: 9)])
        try await say(other, [CommandProgress(command: id, phase: "faked", bytes: .max, totalBytes: nil)])
        let presence = bench.coordinator.presence
        #expect(presence.progress(of: id, by: one.identity.id)?.phase == "reading")
        #expect(presence.progress(of: id, by: other.identity.id)?.bytes == 1 << 50)
        try await say(one, [])
        #expect(presence.progress(of: id, by: one.identity.id) == nil)
    }

    @Test func oneDestinationOfTwoIsPartialAndTheRunFailed() async throws {
        let bench = try await Bench(environment: ["BACKUP_S3_BUCKET": "acme-backups"])
        let agent = try await bench.enrol("db-01")
        let plan = try #require(try await agent.checkIn(databases: [agent.facts("inventory")]).plan)
        #expect(plan.destinations.map(\.name) == ["local", "offsite"])
        let run = UUID()
        var report = try agent.report(
            .succeeded, run: run, database: "inventory", nominalAt: bench.clock.now, destinations: plan.destinations)
        report.event = Word(.failed)
        report.failure = Failure(code: "storageUnavailable", message: "offsite: no answer")
        report.destinations[1].isComplete = false
        report.destinations[1].error = "no answer"
        report.destinations[1].objects = []
        try await agent.send([report])
        let backups = try await bench.coordinator.backups(by: bench.admin)
        #expect(backups.map(\.state) == [.partial])
        #expect(backups.first?.destinations == ["local"])
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .failed)
        let status = try await bench.coordinator.status(by: bench.admin)
        #expect(status.databases.first?.lastGoodBackup == nil)
        #expect(status.databases.first?.lastError == "offsite: no answer")
        #expect(status.incidents.map(\.kind) == ["failed"])

        let next = try agent.report(
            .succeeded, run: UUID(), database: "inventory", nominalAt: bench.clock.now + 60,
            destinations: plan.destinations)
        try await agent.send([next])
        #expect(try await bench.coordinator.alerts(includeResolved: false, by: bench.admin).isEmpty)
        #expect(try await bench.coordinator.backups(by: bench.admin).map(\.state).contains(.good))
    }

    @Test func anUnknownWordOfANewerAgentChangesNothing() async throws {
        let bench = try await Bench()
        let agent = try await bench.enrol("db-01")
        let run = UUID()
        var report = try agent.report(.started, run: run, database: "inventory", nominalAt: bench.clock.now)
        report.event = .unknown("pondering")
        #expect(try await agent.send([report]).acknowledged.count == 1)
        #expect(try await bench.coordinator.run(run, by: bench.admin).state == .running)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
