import Archive
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Wire

/// Fires the cached plan by the host's own clock, whether or not the coordinator is there (P3).
struct SchedulerService: Service {
    let world: AgentWorld
    let plans: PlanStore
    let board: RunBoard
    let spool: Spool
    let agent: AgentIdentity
    let ledger: DurableFile<[String: Date]>
    let logger: Logger

    func run() async throws {
        await plans.mend()
        if let trouble = await plans.trouble { logger.error("no schedules", metadata: ["error": "\(trouble)"]) }
        guard await board.ready() else { return await untilTold() }
        let decided = load()
        let changes = plans.changes
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A short tick rather than one long sleep: a clock that jumps is met within it. Cancellation ends it.
                    while (try? await Task.sleep(for: .seconds(1))) != nil { await plans.tick() }
                }
                await follow(changes, decided)
                group.cancelAll()
            }
        }
    }

    private func load() -> [String: Date] {
        do {
            return try ledger.load() ?? [:]
        } catch {
            // Without it the worst is one occurrence that is decided again: runs carry fixed ids, so it counts once.
            logger.warning("the schedule ledger is damaged and begins anew", metadata: ["error": "\(error)"])
            return [:]
        }
    }

    private func follow(_ changes: AsyncStream<PlanStore.Change>, _ loaded: [String: Date]) async {
        var decided = loaded
        var turns = Turns()
        var wakeAt = Date.distantPast
        for await reason in changes {
            let now = world.now()
            if reason == .tick, now < wakeAt, wakeAt.timeIntervalSince(now) <= Self.longestSleep { continue }
            wakeAt = await pass(&decided, &turns)
        }
    }

    /// In seconds; a wake-up further away than this means that the clock went back.
    private static let longestSleep: TimeInterval = 3600

    /// Decides everything that is due; returns when something is due next.
    private func pass(_ decided: inout [String: Date], _ turns: inout Turns) async -> Date {
        let plan = await plans.current
        let now = world.now()
        var wakeAt = now.addingTimeInterval(Self.longestSleep)
        let keys = Set(plan.entries.map(Self.key))
        let before = decided
        decided = decided.filter { keys.contains($0.key) }
        turns.keep(keys)
        for entry in turns.order(plan.entries, by: Self.key) {
            let key = Self.key(entry)
            // An entry counts from when it was first seen; a clock that went back must not fire the past again.
            var since = decided[key] ?? now
            if since.timeIntervalSince(now) > Self.longestSleep {
                logger.warning(
                    "the clock went back; schedules count from now", metadata: ["entry": "\(entry.database)"])
                since = now
            }
            decided[key] = since
            do {
                let due = try DueOccurrences(entry: entry, decidedUntil: since, now: now)
                if let next = due.nextAt { wakeAt = min(wakeAt, next) }
                if let occurrence = due.run {
                    guard try await start(entry, occurrence, mayWait: due.mayWait, plan: plan) else {
                        // Nothing is decided: the next run takes what has not passed by then.
                        wakeAt = min(wakeAt, now.addingTimeInterval(2))
                        continue
                    }
                    turns.took(key)
                    // Now, so that it is not begun again when what was missed cannot be told.
                    decided[key] = due.decidedUntil
                }
                for occurrence in due.missed {
                    try await spool.add(
                        run: report(entry, occurrence, .missed, "the start window passed before it could run"))
                }
                if let until = due.decidedUntil { decided[key] = until }
            } catch {
                logger.error("scheduling failed", metadata: ["database": "\(entry.database)", "error": "\(error)"])
                wakeAt = min(wakeAt, now.addingTimeInterval(30))
            }
        }
        if decided != before { save(decided) }
        return wakeAt
    }

    /// Begins a run, or records that it is skipped because its own last one is still at work. False when it is to wait, as it
    /// does for the run of another policy, which falls due at the same minute every time, and as a daily backup does, which must
    /// not fall out every night because an hourly one is always at work at its time.
    private func start(
        _ entry: Plan.Entry, _ occurrence: DueOccurrences.Occurrence, mayWait: Bool, plan: Plan
    ) async throws -> Bool {
        let job = RunJob(
            run: runID(entry, occurrence.nominalAt), command: nil, entry: entry,
            destinations: plan.destinations.filter { entry.destinations.contains($0.name) }, tiers: occurrence.tiers,
            nominalAt: occurrence.nominalAt)
        switch try await board.submit(job) {
        case .accepted, .known: return true
        case .overlap(let other) where mayWait || other.entry.policy != entry.policy: return false
        case .overlap(let other):
            try await spool.add(run: report(entry, occurrence, .skipped, RunBoard.reason(other)))
            return true
        }
    }

    private func report(
        _ entry: Plan.Entry, _ occurrence: DueOccurrences.Occurrence, _ event: RunEvent, _ reason: String
    ) -> RunReport {
        RunReport(
            run: runID(entry, occurrence.nominalAt), attempt: 1, sequence: 1, database: entry.database,
            kind: entry.kind, policy: entry.policy, tiers: occurrence.tiers, nominalAt: occurrence.nominalAt,
            at: world.now(), event: event, reason: reason)
    }

    private func runID(_ entry: Plan.Entry, _ nominalAt: Date) -> UUID {
        ScheduledRun.id(policy: entry.policy, agent: agent.id, database: entry.database, nominalAt: nominalAt)
    }

    private func save(_ decided: [String: Date]) {
        do {
            try ledger.save(decided)
        } catch {
            logger.error("the schedule ledger could not be written", metadata: ["error": "\(error)"])
        }
    }

    private static func key(_ entry: Plan.Entry) -> String { entry.policy + "\n" + entry.database.rawValue }
}
