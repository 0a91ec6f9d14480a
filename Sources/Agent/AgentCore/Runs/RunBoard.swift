import Archive
package import Domain
package import Foundation
import ServiceLifecycle
import Synchronization
package import Threads
package import Wire

/// Which runs this host has at work: at most one a database, each with its wish to stop and its progress.
package actor RunBoard {
    package enum Admission: Sendable, Equatable {
        case accepted
        /// This very run is at work already.
        case known
        /// The database is busy with another run.
        case overlap(RunJob)
    }

    /// Why a run is skipped when that one is in its way.
    package static func reason(_ other: RunJob) -> String {
        "the run of \(Timestamp.seconds(other.nominalAt)) is still at work"
    }

    private var running: [DatabaseName: LiveRun] = [:]
    /// Runs that were cancelled before they came: commands of one moment are carried out in any order.
    /// The oldest are forgotten.
    private var unwanted: [UUID] = []
    private static let mostUnwanted = 1000
    /// Whole but for their manifests, and waiting for their stores: they keep no other run of their databases from its work.
    private var held: [UUID: LiveRun] = [:]
    private var isOpen = false
    private var commandsAreRead = false
    private let journal: RunJournal
    private let continuation: AsyncStream<LiveRun>.Continuation
    /// Runs to carry out, in order. For one listener.
    package nonisolated let queue: AsyncStream<LiveRun>
    private let startedContinuation: AsyncStream<Void>.Continuation
    /// Yields when a run begins or ends, so that the coordinator hears of it at once. For one listener.
    package nonisolated let news: AsyncStream<Void>

    package init(journal: RunJournal) {
        self.journal = journal
        (queue, continuation) = AsyncStream.makeStream()
        (news, startedContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Admits a run and hands it on, on disk first: what was admitted ends in one terminal state even if the agent is
    /// killed in the next instant (P8).
    package func submit(_ job: RunJob, attempt: Int = 1, sequence: Int = 0, leftovers: [DestinationResult] = [])
        throws(BackupError) -> Admission
    {
        if let index = unwanted.firstIndex(of: job.run) {
            unwanted.remove(at: index)
            throw BackupError(.cancelled, "it was cancelled before it began")
        }
        guard held[job.run] == nil else { return .known }
        if let other = running[job.entry.database] {
            if other.job.run == job.run { return .known }
            return .overlap(other.job)
        }
        try journal.write(
            RunJournal.Record(
                job: job, attempt: attempt, sequence: sequence, leftovers: leftovers, sealed: nil, hasNames: false))
        let live = LiveRun(job: job, firstAttempt: attempt, sequence: sequence, leftovers: leftovers)
        running[job.entry.database] = live
        continuation.yield(live)
        startedContinuation.yield()
        return .accepted
    }

    /// Takes a run off the board, when its end is in the spool.
    package func ended(_ live: LiveRun) {
        running[live.job.entry.database] = nil
        startedContinuation.yield()
    }

    /// Whether it was cancelled before it came.
    func isUnwanted(_ run: UUID) -> Bool { unwanted.contains(run) }

    /// From now on this run of an earlier agent is known, and shown as at work.
    func hold(_ job: RunJob, attempt: Int) {
        let live = LiveRun(job: job, firstAttempt: attempt, sequence: 0, leftovers: [])
        live.enter(.committing)
        held[job.run] = live
    }

    func release(_ run: UUID) {
        held[run] = nil
        startedContinuation.yield()
    }

    /// Asks a run to stop; false when it is not at work here, and then it does not begin either. Throws `.busy` for one that is
    /// whole and only waits for its store.
    package func cancel(_ run: UUID) throws(BackupError) -> Bool {
        guard held[run] == nil else {
            throw BackupError(.busy, "this run is whole and only waits for its store: it cannot be cancelled any more")
        }
        guard let live = running.values.first(where: { $0.job.run == run }) else {
            if !unwanted.contains(run) { unwanted = unwanted.suffix(Self.mostUnwanted - 1) + [run] }
            return false
        }
        live.stop.stop()
        return true
    }

    /// The agent ends: what is at work stops, and what waits does not begin.
    package func stopAll() {
        isStopping = true
        for live in running.values { live.stop.stop() }
    }

    private(set) var isStopping = false

    package var progress: [RunProgress] { (Array(running.values) + Array(held.values)).map(\.progress) }

    /// The run that is at work under that id.
    func live(_ run: UUID) -> LiveRun? { running.values.first { $0.job.run == run } }

    package func isAtWork(_ run: UUID) -> Bool { running.values.contains { $0.job.run == run } }

    /// The commands of an earlier agent have been looked at, which read the journal: it may change from here on.
    func mayRecover() { commandsAreRead = true }

    /// Waits for that, or for the end.
    func untilRecoveryMayBegin() async {
        while !commandsAreRead, !Task.isCancelled, !Task.isShuttingDownGracefully {
            // Cancellation ends the wait, and is looked at in the condition.
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Interrupted runs of an earlier agent have been dealt with; new ones may begin.
    func open() {
        isOpen = true
    }

    /// Waits until new runs may begin: an interrupted run must not be overtaken by its own occurrence. False when the
    /// agent is told to end before.
    func ready() async -> Bool {
        while !isOpen, !Task.isCancelled, !Task.isShuttingDownGracefully {
            // Cancellation ends the wait, and is looked at in the condition.
            try? await Task.sleep(for: .milliseconds(100))
        }
        return isOpen
    }
}

/// A run at work, shared between who does it and who watches.
package final class LiveRun: Sendable {
    package let job: RunJob
    package let firstAttempt: Int
    package let sequence: Int
    package let leftovers: [DestinationResult]
    package let stop = StopSignal()
    private struct State {
        var attempt: Int
        var phase = RunPhase.waiting
        var startedAt: Date
        /// What objects that are done have added.
        var plain: Int64 = 0
        var stored: Int64 = 0
        var current: ChainProgress?
        var end: RunReport?
    }
    private let state: Mutex<State>

    init(job: RunJob, firstAttempt: Int, sequence: Int, leftovers: [DestinationResult]) {
        self.job = job
        self.firstAttempt = firstAttempt
        self.sequence = sequence
        self.leftovers = leftovers
        state = Mutex(State(attempt: firstAttempt, startedAt: job.nominalAt))
    }

    func begin(attempt: Int, at: Date) {
        state.withLock { $0 = State(attempt: attempt, startedAt: at) }
    }

    /// How it ended, once that is in the spool.
    var end: RunReport? { state.withLock { $0.end } }

    func ended(_ report: RunReport) { state.withLock { $0.end = report } }

    func enter(_ phase: RunPhase) { state.withLock { $0.phase = phase } }

    /// From now on the bytes that this chain moves count too.
    func watch(_ progress: ChainProgress) {
        state.withLock { state in
            if let done = state.current {
                state.plain += done.plainBytes
                state.stored += done.storedBytes
            }
            state.current = progress
        }
    }

    package var progress: RunProgress {
        state.withLock { state in
            RunProgress(
                run: job.run, attempt: state.attempt, database: job.entry.database, phase: Word(state.phase),
                plainBytes: state.plain + (state.current?.plainBytes ?? 0),
                storedBytes: state.stored + (state.current?.storedBytes ?? 0), startedAt: state.startedAt)
        }
    }
}
