import Domain
import Foundation
import Logging
import Sealing
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
        var wakeAt = Date.distantPast
        for await reason in changes {
            let now = world.now()
            if reason == .tick, now < wakeAt, wakeAt.timeIntervalSince(now) <= Self.longestSleep { continue }
            wakeAt = await pass(&decided)
        }
    }

    /// In seconds; a wake-up further away than this means that the clock went back.
    private static let longestSleep: TimeInterval = 3600

    /// Decides everything that is due; returns when something is due next.
    private func pass(_ decided: inout [String: Date]) async -> Date {
        let plan = await plans.current
        let now = world.now()
        var wakeAt = now.addingTimeInterval(Self.longestSleep)
        let keys = Set(plan.entries.map(Self.key))
        let before = decided
        decided = decided.filter { keys.contains($0.key) }
        for entry in plan.entries {
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
                for occurrence in due.missed {
                    try await spool.add(
                        run: report(entry, occurrence, .missed, "the start window passed before it could run"))
                }
                if let occurrence = due.run { try await start(entry, occurrence, plan: plan) }
                if let until = due.decidedUntil { decided[key] = until }
            } catch {
                logger.error("scheduling failed", metadata: ["database": "\(entry.database)", "error": "\(error)"])
                wakeAt = min(wakeAt, now.addingTimeInterval(30))
            }
        }
        if decided != before { save(decided) }
        return wakeAt
    }

    private func start(_ entry: Plan.Entry, _ occurrence: DueOccurrences.Occurrence, plan: Plan) async throws {
        let job = RunJob(
            run: runID(entry, occurrence.nominalAt), command: nil, entry: entry,
            destinations: plan.destinations.filter { entry.destinations.contains($0.name) }, tiers: occurrence.tiers,
            nominalAt: occurrence.nominalAt)
        switch try await board.submit(job) {
        case .accepted, .known: break
        case .overlap(let reason): try await spool.add(run: report(entry, occurrence, .skipped, reason))
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

    /// One id for one occurrence, whoever reckons it and however often (DESIGN section 6).
    private func runID(_ entry: Plan.Entry, _ nominalAt: Date) -> UUID {
        let name = [entry.policy, agent.id.uuidString.lowercased(), entry.database.rawValue, Timestamp.text(nominalAt)]
        return uuidV5(namespace: Self.namespace, name: name.joined(separator: "\n"))
    }

    private func save(_ decided: [String: Date]) {
        do {
            try ledger.save(decided)
        } catch {
            logger.error("the schedule ledger could not be written", metadata: ["error": "\(error)"])
        }
    }

    private static func key(_ entry: Plan.Entry) -> String { entry.policy + "\n" + entry.database.rawValue }

    /// The namespace of run ids; a fixed number, made once for this purpose.
    private static let namespace = UUID(
        uuid: (0x8e, 0x1f, 0x3b, 0x52, 0x6a, 0x0d, 0x4c, 0x77, 0x9a, 0x51, 0x2d, 0xc0, 0x44, 0xe9, 0x71, 0x06))
}
