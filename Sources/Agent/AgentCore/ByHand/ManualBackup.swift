import Daemon
package import Domain
import Foundation
package import Logging
package import Threads
import Wire

/// Backups by hand on a host whose agent does not run: the same runs, by the same journal and spool, so that the agent tells of them
/// at its next start. Only for who holds the data directory's lock.
package struct ManualBackup: Sendable {
    private let service: RunService
    private let spool: Spool

    /// Throws `.configuration` when this host has not joined.
    package init(
        paths: AgentPaths, configuration: AgentConfiguration, world: AgentWorld, logger: Logger
    ) throws(BackupError) {
        let agent = try AgentIdentity.load(paths)
        try PrivateDirectory.ensure(paths.scratch.path)
        try PrivateDirectory.ensure(paths.uploads.path)
        let live = LiveConfiguration(configuration)
        let journal = try RunJournal(folder: paths.runs)
        spool = try Spool(folder: paths.spool, newID: world.newID)
        service = RunService(
            world: world, configuration: live, agent: agent, engines: EngineCatalog(live, paths: paths),
            destinations: DestinationOpener(
                paths: paths, world: world, limits: try HostGuard(paths: paths, configuration: live)),
            board: RunBoard(journal: journal), journal: journal, spool: spool, plans: PlanStore(file: paths.plan),
            logger: logger)
    }

    /// Makes them, some at a time, and answers how they ended; `tell` hears how it goes. `stop` ends them: what is not whole by then
    /// is cancelled. Throws as ``ManualRuns`` does.
    package func run(
        _ request: ManualRequest, stop: StopSignal, tell: @escaping @Sendable (ManualAnswer) -> Void
    ) async throws -> ManualAnswer {
        let work = try await ManualWork.begin(request, in: service)
        let slots = Slots()
        let service = self.service
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if stop.isStopped { for live in work.lives { live.stop.stop() } }
                    tell(work.answer)
                    // Cancellation ends the wait, and is looked at in the condition.
                    try? await Task.sleep(for: .milliseconds(200))
                }
                return false
            }
            for live in work.lives {
                group.addTask {
                    await slots.take(of: service.configuration.current.concurrency)
                    _ = await service.carryOut(live)
                    await slots.give()
                    await service.board.ended(live)
                    return true
                }
            }
            var left = work.lives.count
            while left > 0, let isRun = await group.next() { left -= isRun ? 1 : 0 }
            group.cancelAll()
            return work.answer
        }
    }
}

/// The runs of one request on the board.
struct ManualWork: Sendable {
    let lives: [LiveRun]
    /// Those that were not taken.
    private let others: [ManualAnswer.Run]
    private let skipped: [String]
    private let agent: AgentIdentity

    /// Puts them on the board of that service. Throws as ``ManualRuns`` does.
    static func begin(_ request: ManualRequest, in service: RunService) async throws -> ManualWork {
        let runs = try await ManualRuns(
            request, plan: service.plans.current, trouble: service.plans.trouble,
            declared: service.configuration.current.databases, newID: service.world.newID)
        var (lives, others): ([LiveRun], [ManualAnswer.Run]) = ([], [])
        for job in runs.jobs {
            switch try await service.board.submit(job) {
            case .accepted, .known:
                if let live = await service.board.live(job.run) { lives.append(live) }
            case .overlap(let other): others.append(.init(job, skipped: RunBoard.reason(other)))
            }
        }
        return ManualWork(lives: lives, others: others, skipped: runs.skipped, agent: service.agent)
    }

    var answer: ManualAnswer {
        ManualAnswer(runs: lives.map { ManualAnswer.Run($0, agent: agent) } + others, skipped: skipped)
    }
}
