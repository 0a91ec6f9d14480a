import Archive
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Threads
import Wire

/// Carries out what the board admits, a few at a time, each to exactly one end in the spool (P8).
struct RunService: Service {
    let world: AgentWorld
    let configuration: LiveConfiguration
    let agent: AgentIdentity
    let engines: EngineCatalog
    let destinations: DestinationOpener
    let board: RunBoard
    let journal: RunJournal
    let spool: Spool
    let plans: PlanStore
    let logger: Logger
    /// Hears of each database that was backed up.
    var backedUp: @Sendable (DatabaseName) async -> Void = { _ in }

    /// How many names are tried before a run fails because all are taken.
    private static let mostNames = 5

    func run() async throws {
        let stop = StopSignal()
        let recovery = RunRecovery(
            world: world, agent: agent, configuration: configuration, destinations: destinations, board: board,
            journal: journal,
            spool: spool, plans: plans, logger: logger, stop: stop)
        var waiting: [RunRecovery.Waiting] = []
        do {
            waiting = try await withTaskCancellationOrGracefulShutdownHandler {
                await board.untilRecoveryMayBegin()
                return try await recovery.run()
            } onCancelOrGracefulShutdown: {
                stop.stop()
            }
        } catch {
            // New backups do not wait for old ones (P3); the journal keeps what is left for the next start.
            logger.error("interrupted runs could not be read", metadata: ["error": "\(error)"])
        }
        await board.open()
        let slots = Slots()
        let queue = board.queue
        let (held, later) = (waiting, recovery)
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    await withTaskCancellationOrGracefulShutdownHandler {
                        await later.completeLater(held)
                    } onCancelOrGracefulShutdown: {
                        stop.stop()
                    }
                }
                for await live in queue.cancelOnGracefulShutdown() {
                    group.addTask {
                        await slots.take(of: configuration.current.concurrency)
                        let outcome = await carryOut(live)
                        await slots.give()
                        await board.ended(live)
                        if let outcome { await clearGivenUp(live.job, outcome) }
                    }
                }
                await board.stopAll()
            }
        } onGracefulShutdown: {
            // The loop above ends, and asks those at work to stop: each aborts, and stays in the journal for the next start.
        }
    }

    /// Where it is complete the store is there, and takes what we send: the moment to remove what earlier runs could not.
    private func clearGivenUp(_ job: RunJob, _ outcome: AttemptOutcome) async {
        let complete = Set(outcome.destinations.filter(\.isComplete).map(\.destination))
        let places = job.destinations.filter { complete.contains($0.name) }
        let (destinations, stop) = (self.destinations, StopSignal())
        await withGracefulShutdownHandler {
            for problem in await onThread({ destinations.abortGivenUp(at: places, stop: stop) }) {
                logger.warning("an upload that failed could not be removed yet", metadata: ["error": "\(problem)"])
            }
        } onGracefulShutdown: {
            stop.stop()
        }
    }

    /// Answers how the last attempt ended; nil when not even that could be written down.
    func carryOut(_ live: LiveRun) async -> AttemptOutcome? {
        let reporter = RunReporter(live: live, world: world, journal: journal, spool: spool)
        var last: AttemptOutcome?
        if await board.isStopping { return nil }
        do {
            FaultPoint.admitted.pass()
            var attempt = live.firstAttempt
            while true {
                try await reporter.started(attempt)
                logger.info("backup started", metadata: metadata(live, attempt))
                let outcome = await attemptOnce(live, attempt, reporter)
                last = outcome
                for words in outcome.manifest?.notes ?? [] {
                    logger.warning(
                        "noted of the backup",
                        metadata: ["database": "\(live.job.entry.database)", "what": "\(words)"])
                }
                try reporter.keep(leftoversOf: outcome)
                guard let failure = outcome.failure else {
                    try await reporter.succeeded(outcome)
                    logger.info("backup succeeded", metadata: metadata(live, attempt))
                    if live.job.adopted == nil { await backedUp(live.job.entry.database) }
                    return outcome
                }
                logger.warning("backup failed", metadata: metadata(live, attempt, failure))
                // An orderly stop is no end of a run, whatever else failed meanwhile: as after a kill the journal keeps it, and the
                // next start goes on.
                if await board.isStopping { return nil }
                let mayHelp = !outcome.isPartial && !live.stop.isStopped
                let done = attempt - live.firstAttempt + 1
                // A name that somebody took since the attempt began: the next attempt's cannot be guessed.
                let isTaken = failure.code == .exists && done < Self.mostNames
                guard mayHelp, isTaken || (failure.code.isWorthRetrying && done < configuration.current.attempts) else {
                    try await reporter.failed(outcome, failure, stopped: live.stop.isStopped)
                    return outcome
                }
                if !isTaken { await pause(before: done + 1, live.stop) }
                if await board.isStopping { return nil }
                attempt += 1
            }
        } catch {
            logger.error(
                "a run's report could not be written", metadata: ["run": "\(live.job.run)", "error": "\(error)"])
            // An attempt that failed ends the run now: where nothing can be written no other will do better.
            if !reporter.isDecided, let last, let failure = last.failure {
                try? await reporter.failed(last, failure, stopped: live.stop.isStopped)
            }
            return await tellLater(live, reporter) ? last : nil
        }
    }

    /// Tries again to write how a run ended, once that is decided, until it is written or the agent ends. Otherwise, or then,
    /// the journal keeps the run, and the next start ends it; until that the coordinator shows it as unknown.
    private func tellLater(_ live: LiveRun, _ reporter: RunReporter) async -> Bool {
        while reporter.isDecided, !Task.isCancelled, !Task.isShuttingDownGracefully {
            for _ in 0..<120 where !Task.isShuttingDownGracefully {
                // Cancellation ends it, and is looked at in the condition.
                try? await Task.sleep(for: .milliseconds(250))
            }
            do {
                try await reporter.tell()
                return true
            } catch {
                logger.error(
                    "a run's report still cannot be written",
                    metadata: ["run": "\(live.job.run)", "error": "\(error)"])
            }
        }
        return false
    }

    private func attemptOnce(_ live: LiveRun, _ number: Int, _ reporter: RunReporter) async -> AttemptOutcome {
        do throws(BackupError) {
            var engine = try engines.engine(for: live.job.entry.database, kind: live.job.entry.kind)
            if let dump = live.job.adopted {
                let paths = destinations.paths
                engine = try dump.engine(of: engine, world: world, paths: paths, stop: live.stop)
            }
            return await BackupAttempt(
                live: live, number: number, agent: agent, engine: engine, destinations: destinations, world: world,
                name: { (token) throws(BackupError) in try reporter.name(token) },
                seal: { (sealed) throws(BackupError) in try reporter.seal(sealed) }
            ).run()
        } catch {
            return AttemptOutcome(manifest: nil, destinations: [], failure: error)
        }
    }

    /// Waits `delay`, 4 × `delay`, 16 × `delay` … before the second, third, fourth attempt, a quarter of an hour at most (or
    /// the delay, where that is longer), or until the run is stopped.
    private func pause(before attempt: Int, _ stop: StopSignal) async {
        let delay = Double(configuration.current.retryDelaySeconds)
        var left = min(delay * pow(4, Double(attempt - 2)), max(delay, 900)) * (0.75 + world.chance() / 2)
        while left > 0, !stop.isStopped {
            // Cancellation ends the wait; the stop signal is then set as well.
            try? await Task.sleep(for: .milliseconds(Int(min(left, 0.25) * 1000)))
            left -= 0.25
        }
    }

    private func metadata(_ live: LiveRun, _ attempt: Int, _ failure: BackupError? = nil) -> Logger.Metadata {
        var out: Logger.Metadata = [
            "database": "\(live.job.entry.database)", "run": "\(live.job.run)", "attempt": "\(attempt)",
        ]
        if let failure { out["error"] = "\(failure)" }
        return out
    }
}
