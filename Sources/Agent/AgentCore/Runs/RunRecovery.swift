import Archive
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

/// What an agent does at its start about runs that an earlier one, killed or rebooted, did not end: a run whose objects
/// are all committed gets its manifest and succeeds, as soon as the store is there; any other is begun again as the next
/// attempt while its start window lasts, and fails otherwise. Uploads and files that it left half done are removed first.
struct RunRecovery {
    let world: AgentWorld
    let agent: AgentIdentity
    let configuration: LiveConfiguration
    let destinations: DestinationOpener
    let board: RunBoard
    let journal: RunJournal
    let spool: Spool
    let plans: PlanStore
    let logger: Logger
    /// Ends its transfers.
    let stop: StopSignal

    /// Answers what has to wait for its store.
    func run() async throws -> [Waiting] {
        var waiting: [Waiting] = []
        var records: [RunJournal.Record] = []
        for record in try journal.interrupted() {
            let isAtWork = await board.isAtWork(record.job.run)
            if !isAtWork { records.append(record) }
        }
        let destinations = self.destinations
        let stop = self.stop
        // What was interrupted long ago, while its store was away, is still to be cleared: the plan's destinations too.
        let opened = Dictionary(
            (await plans.current.destinations + records.flatMap(\.job.destinations)).map { ($0.name, $0) },
            uniquingKeysWith: { $1 })
        let folder = agent.name + "/"
        for problem in await onThread({ destinations.sweep(Array(opened.values), below: folder, stop: stop) }) {
            logger.warning("something half done could not be removed yet", metadata: ["error": "\(problem)"])
        }
        for record in records {
            do {
                if let end = record.end {
                    try await spool.add(run: end)
                    try journal.remove(record.job.run)
                } else if let sealed = record.sealed {
                    if let later = try await finish(record, sealed, isLast: false) {
                        waiting.append(later)
                        await board.hold(record.job, attempt: record.attempt)
                    }
                } else {
                    try await again(record)
                }
            } catch {
                // The journal keeps it for the next start; other databases' backups must not wait for it (P3).
                logger.error(
                    "an interrupted run could not be ended yet",
                    metadata: ["run": "\(record.job.run)", "error": "\(error)"])
            }
        }
        return waiting
    }

    /// Everything but the manifest is there. Nil when that is told; else what is to be tried again: the store is away, and the
    /// dump need not be made twice for that.
    private func finish(
        _ record: RunJournal.Record, _ sealed: RunJournal.Sealed, isLast: Bool, done: [DestinationResult] = []
    ) async throws -> Waiting? {
        let manifest = try Manifest(decoding: [UInt8](sealed.manifest))
        let run = SealedRun(record: record, sealed: sealed, destinations: destinations, stop: stop)
        let outcome = await run.complete(after: done)
        if outcome.mayComeYet, !isLast || stop.isStopped {
            let until = world.now() + startWindow(record.job)
            return Waiting(
                record: record, sealed: sealed, until: until, done: outcome.results.filter(\.isComplete))
        }
        var report = RunReport(
            job: record.job, attempt: record.attempt, sequence: record.sequence + 1, at: world.now(), event: .succeeded)
        report.destinations = outcome.results + record.leftovers
        if !outcome.isGood {
            report.event = Word(.failed)
            report.failure = Failure(
                code: BackupError.Code.storageUnavailable.rawValue,
                message: "the agent was interrupted, and afterwards not every destination could be completed")
        }
        if outcome.results.contains(where: \.isComplete) {
            report.manifest = manifest
            report.reason = RunReport.words(manifest.notes)
        }
        logger.notice(
            "an interrupted backup was completed",
            metadata: ["run": "\(record.job.run)", "good": "\(outcome.isGood)"])
        try await spool.add(run: report)
        try journal.remove(record.job.run)
        return nil
    }

    /// A sealed run whose store is away.
    struct Waiting: Sendable {
        let record: RunJournal.Record
        let sealed: RunJournal.Sealed
        /// From then on it is given up.
        var until: Date
        /// Where it is whole by now.
        let done: [DestinationResult]
    }

    /// Tries again until all of them are told, or the agent ends; the journal then keeps what is left. Holds nothing else up.
    func completeLater(_ waiting: [Waiting]) async {
        var waiting = waiting
        while !waiting.isEmpty, !stop.isStopped {
            let pause = ContinuousClock.now + .seconds(max(1, configuration.current.retryDelaySeconds))
            while ContinuousClock.now < pause, !stop.isStopped {
                // Cancellation ends the wait; the stop signal is then set as well.
                try? await Task.sleep(for: .milliseconds(250))
            }
            var left: [Waiting] = []
            for one in waiting where !stop.isStopped {
                do {
                    let isLast = world.now() >= one.until
                    if var later = try await finish(one.record, one.sealed, isLast: isLast, done: one.done) {
                        later.until = one.until
                        left.append(later)
                    } else {
                        await board.release(one.record.job.run)
                    }
                } catch {
                    // A disk that is full, say: what is complete stays so, and is told later.
                    logger.error(
                        "an interrupted run could not be ended yet",
                        metadata: ["run": "\(one.record.job.run)", "error": "\(error)"])
                    left.append(one)
                }
            }
            waiting = left
        }
    }

    private func again(_ record: RunJournal.Record) async throws {
        let now = world.now()
        let job = record.job
        let suspects = await suspects(record)
        let isYoung = now.timeIntervalSince(job.nominalAt) < startWindow(job)
        if isYoung, record.attempt < configuration.current.attempts {
            logger.notice("an interrupted backup begins again", metadata: ["run": "\(job.run)"])
            if await board.isUnwanted(job.run) {
                var report = RunReport(
                    job: job, attempt: record.attempt, sequence: record.sequence + 1, at: now, event: .cancelled)
                report.destinations = record.leftovers + suspects
                try await spool.add(run: report)
                try journal.remove(job.run)
                return
            }
            let admission = try await board.submit(
                job, attempt: record.attempt + 1, sequence: record.sequence, leftovers: record.leftovers + suspects)
            if admission == .accepted { return }
        }
        // A dump that was not taken in says nothing of how the database is backed up.
        var report = RunReport(
            job: job, attempt: record.attempt, sequence: record.sequence + 1, at: now,
            event: job.adopted == nil ? .failed : .cancelled)
        let words = "the agent or its host stopped while the backup ran"
        report.failure = Failure(code: BackupError.Code.cancelled.rawValue, message: words)
        if job.adopted != nil { report.reason = words }
        report.destinations = record.leftovers + suspects
        try await spool.add(run: report)
        try journal.remove(job.run)
    }

    /// Objects of the interrupted attempt that may have become visible without a manifest: removed here from directories,
    /// named for the coordinator otherwise, since this host may neither see nor delete what lies off-site (P5).
    private func suspects(_ record: RunJournal.Record) async -> [DestinationResult] {
        guard record.hasNames != false else { return [] }
        let job = record.job
        let keys =
            record.hasNames == nil
            ? job.keys(of: agent).ofOlderAgent(attempt: record.attempt) : job.keys(of: agent, token: record.token)
        let names = job.objectNames(keys)
        let destinations = self.destinations
        let logger = self.logger
        return await onThread {
            job.destinations.compactMap { destination in
                let folder = destination.keyPrefix + keys.folder
                var left = names
                if destination.directory != nil {
                    do throws(BackupError) {
                        let store = try destinations.open(destination, stop: StopSignal())
                        // With a manifest it is a backup, whoever made it, and stays. Only what is known to have none goes.
                        guard try store.isTaken(folder + keys.manifestName) == false else { return nil }
                        // One that cannot be deleted now is named, so that it is not forgotten.
                        left = names.filter { (try? store.delete(folder + $0)) == nil }
                    } catch {
                        logger.warning(
                            "what an interrupted run may have left could not be looked at, and stays",
                            metadata: ["destination": "\(destination.name)", "error": "\(error)"])
                    }
                }
                guard !left.isEmpty else { return nil }
                return DestinationResult(
                    destination: destination.name, isComplete: false, folder: folder,
                    objects: left.map { .init(name: $0, bytes: 0, sha256: "", etag: "") },
                    error: "may have been left by an interrupted attempt")
            }
        }
    }

    /// Half the interval to the next occurrence, at most 6 hours; an hour for a run by hand.
    private func startWindow(_ job: RunJob) -> TimeInterval {
        guard job.command == nil else { return 3600 }
        let intervals = job.entry.tiers.filter { job.tiers.contains($0.tier) }.compactMap { planned -> TimeInterval? in
            // A schedule that does not parse came from a newer coordinator; the others decide.
            guard let schedule = try? Schedule(cron: planned.schedule, timeZone: job.entry.timeZone) else { return nil }
            return schedule.next(after: job.nominalAt).timeIntervalSince(job.nominalAt)
        }
        return min((intervals.max() ?? 3600) / 2, 6 * 3600)
    }
}
