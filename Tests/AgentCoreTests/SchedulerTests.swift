import Domain
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import AgentCore

/// The scheduler on a clock that the test moves.
@Suite(.timeLimit(.minutes(2))) struct SchedulerTests {
    private final class Clock: Sendable {
        private let time: Mutex<Date>

        init(_ start: Date) { time = Mutex(start) }

        var now: Date { time.withLock { $0 } }

        func set(_ date: Date) { time.withLock { $0 = date } }
    }

    private static func at(_ text: String) throws -> Date { try Timestamp.date("2026-01-15T\(text)Z").unwrapped() }

    /// Fault 88. A dump of 70 minutes on the half-hourly default: some run is at work at two o'clock every night, and there
    /// would never be a daily backup.
    @Test func aDailyBackupWaitsForTheRunThatIsAtWork() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let clock = Clock(try Self.at("01:59:59"))
        var world = host.world
        world.now = { clock.now }
        let entry = Plan.Entry(
            database: try DatabaseName("dev db"), kind: .sqlite, policy: "p", timeZone: "UTC",
            tiers: [.init(tier: .hourly, schedule: "0,30 * * * *"), .init(tier: .daily, schedule: "0 2 * * *")],
            destinations: ["local"], compression: .gzip)
        let plans = PlanStore(file: host.paths.plan)
        var plan = Plan.empty
        (plan.revision, plan.entries, plan.destinations) = (1, [entry], [host.local])
        try await plans.replace(plan)
        let board = RunBoard(journal: try RunJournal(folder: host.paths.runs))
        _ = try await board.submit(try host.job())  // at work since half past one
        var runs = board.queue.makeAsyncIterator()
        let other = try await runs.next().unwrapped()
        await board.open()
        let service = SchedulerService(
            world: world, plans: plans, board: board, spool: host.spool,
            agent: AgentIdentity(id: UUID(), name: "host-1", coordinatorURL: "https://localhost", caSha256: ""),
            ledger: DurableFile(url: host.paths.scheduleLedger), logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await eventually("the schedule counts") {
                try DurableFile<[String: Date]>(url: host.paths.scheduleLedger).load() == nil ? nil : true
            }
            clock.set(try Self.at("02:10:00"))
            try await Task.sleep(for: .seconds(2.5))  // two looks at the clock
            #expect(await host.reports.isEmpty, "nothing is decided yet")
            await board.ended(other)
            clock.set(try Self.at("02:40:00"))
            let run = try await runs.next().unwrapped()
            #expect(try run.job.nominalAt == Self.at("02:30:00"))
            #expect(run.job.tiers == [.daily, .hourly])
            let missed = try await eventually("what passed is told") { await host.reports.last }
            #expect(missed.event == Word(.missed) && missed.tiers == [.hourly])
            #expect(try missed.nominalAt == Self.at("02:00:00"))
            group.cancelAll()
        }
    }

    /// Three policies on one database, all due in the same minute, every minute; a run outlasts the looks of the clock.
    @Test func policiesThatFallDueTogetherTakeTurns() async throws {
        let host = try await AgentHost()
        defer { host.remove() }
        let clock = Clock(try Self.at("01:59:59"))
        var world = host.world
        world.now = { clock.now }
        let entries = try ["a", "b", "c"].map { policy in
            Plan.Entry(
                database: try DatabaseName("dev db"), kind: .sqlite, policy: policy, timeZone: "UTC",
                tiers: [.init(tier: .hourly, schedule: "* * * * *")], destinations: ["local"], compression: .gzip)
        }
        let plans = PlanStore(file: host.paths.plan)
        var plan = Plan.empty
        (plan.revision, plan.entries, plan.destinations) = (1, entries, [host.local])
        try await plans.replace(plan)
        let board = RunBoard(journal: try RunJournal(folder: host.paths.runs))
        await board.open()
        let service = SchedulerService(
            world: world, plans: plans, board: board, spool: host.spool,
            agent: AgentIdentity(id: UUID(), name: "host-1", coordinatorURL: "https://localhost", caSha256: ""),
            ledger: DurableFile(url: host.paths.scheduleLedger), logger: Logger(label: "test"))
        var runs = board.queue.makeAsyncIterator()
        var order: [String] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await eventually("the schedule counts") {
                try DurableFile<[String: Date]>(url: host.paths.scheduleLedger).load() == nil ? nil : true
            }
            // All three wait for one another within their minute's window (30 s), and then for the next minute.
            for time in ["02:00:01", "02:00:04", "02:00:07", "02:01:01", "02:02:01", "02:03:01"] {
                clock.set(try Self.at(time))
                let run = try await runs.next().unwrapped()
                order.append(run.job.entry.policy)
                await board.ended(run)
            }
            group.cancelAll()
        }
        #expect(order == ["a", "b", "c", "a", "b", "c"])
        let skipped = await host.reports.filter { $0.event == Word(.skipped) }
        #expect(skipped.isEmpty)
        for report in await host.reports where report.event == Word(.missed) {
            #expect(report.reason?.contains("start window") == true, "what had no turn is told")
        }
    }

    @Test func anHourlyBackupThatOverlapsIsSkippedAtOnce() throws {
        func due(_ tiers: [(Tier, String)], now: String) throws -> DueOccurrences {
            let entry = Plan.Entry(
                database: try DatabaseName("db"), kind: .sqlite, policy: "p", timeZone: "UTC",
                tiers: tiers.map { .init(tier: $0.0, schedule: $0.1) }, destinations: ["local"], compression: .gzip)
            return try DueOccurrences(entry: entry, decidedUntil: Self.at("01:50:00"), now: Self.at(now))
        }
        #expect(try !due([(.hourly, "0,30 * * * *")], now: "02:00:01").mayWait)
        #expect(try due([(.hourly, "0,30 * * * *"), (.daily, "0 2 * * *")], now: "02:00:01").mayWait)
        #expect(try !due([(.hourly, "0,30 * * * *"), (.daily, "0 2 * * *")], now: "08:00:01").mayWait)
    }
}
