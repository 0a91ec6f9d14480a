import Archive
import Domain
import Foundation
import Synchronization
import Wire

/// Says what happens to one run, on disk first: the journal before a step, the spool after it.
final class RunReporter: Sendable {
    private let live: LiveRun
    private let world: AgentWorld
    private let journal: RunJournal
    private let spool: Spool
    private let record: Mutex<RunJournal.Record>
    private let decided = Mutex<RunReport?>(nil)

    init(live: LiveRun, world: AgentWorld, journal: RunJournal, spool: Spool) {
        self.live = live
        self.world = world
        self.journal = journal
        self.spool = spool
        record = Mutex(
            .init(
                job: live.job, attempt: live.firstAttempt, sequence: live.sequence, leftovers: live.leftovers,
                sealed: nil))
    }

    private func change(_ body: (inout RunJournal.Record) -> Void) throws(BackupError) -> RunJournal.Record {
        let changed = record.withLock { record in
            body(&record)
            return record
        }
        try journal.write(changed)
        return changed
    }

    func started(_ attempt: Int) async throws(BackupError) {
        let record = try change {
            $0.attempt = attempt
            $0.sequence += 1
            $0.sealed = nil
            ($0.hasNames, $0.token) = (false, nil)
        }
        try await spool.add(run: report(record, .started))
    }

    /// The attempt's names, before the first of them is used.
    func name(_ token: String?) throws(BackupError) {
        _ = try change { ($0.hasNames, $0.token) = (true, token) }
    }

    func seal(_ sealed: RunJournal.Sealed) throws(BackupError) {
        _ = try change { $0.sealed = sealed }
    }

    /// Objects that lie somewhere without a manifest stay known until the final report names them.
    func keep(leftoversOf outcome: AttemptOutcome) throws(BackupError) {
        let left = outcome.destinations.filter { !$0.isComplete && !$0.objects.isEmpty }
        guard outcome.failure != nil, !outcome.isPartial else {
            record.withLock { $0.leftovers += left }
            return
        }
        // What was sealed has been undone by now, so a kill from here on must not complete it.
        _ = try change {
            $0.sealed = nil
            $0.leftovers += left
        }
    }

    func succeeded(_ outcome: AttemptOutcome) async throws(BackupError) {
        try await end(.succeeded) { report in
            report.manifest = outcome.manifest
            report.reason = RunReport.words(outcome.manifest?.notes)
            report.destinations = outcome.destinations + report.destinations
        }
    }

    func failed(_ outcome: AttemptOutcome, _ failure: BackupError, stopped: Bool) async throws(BackupError) {
        // A dump that could not be taken in says nothing of how the database is backed up.
        let isCancelled =
            (stopped && failure.code == .cancelled || live.job.adopted != nil) && !outcome.isPartial
        try await end(isCancelled ? .cancelled : .failed) { report in
            report.failure = Failure(code: failure.code.rawValue, message: failure.description)
            if isCancelled { report.reason = failure.description }
            if outcome.isPartial {
                (report.manifest, report.reason) = (outcome.manifest, RunReport.words(outcome.manifest?.notes))
            }
            // What this attempt left is among the leftovers already.
            report.destinations =
                outcome.destinations.filter { $0.isComplete || $0.objects.isEmpty } + report.destinations
        }
    }

    private func end(_ event: RunEvent, _ fill: (inout RunReport) -> Void) async throws(BackupError) {
        let record = self.record.withLock { record in
            record.sequence += 1
            return record
        }
        var report = report(record, event)
        report.destinations = record.leftovers
        fill(&report)
        decided.withLock { $0 = report }
        try await tell()
    }

    /// Whether it is known how the run ended.
    var isDecided: Bool { decided.withLock { $0 != nil } }

    /// Writes how the run ended; to be called again when that failed. Does nothing before it is decided.
    func tell() async throws(BackupError) {
        guard let report = decided.withLock({ $0 }) else { return }
        // First that it has ended and how, so that a kill in between cannot bring it back to life (P8).
        _ = try change { $0.end = report }
        try await spool.add(run: report)
        FaultPoint.spooled.pass()
        live.ended(report)
        try journal.remove(live.job.run)
    }

    private func report(_ record: RunJournal.Record, _ event: RunEvent) -> RunReport {
        RunReport(job: record.job, attempt: record.attempt, sequence: record.sequence, at: world.now(), event: event)
    }
}

extension RunReport {
    /// The ``reason`` of a backup that there is something to be known of: its manifest's notes.
    static func words(_ notes: [String]?) -> String? { notes?.joined(separator: "; ") }

    init(job: RunJob, attempt: Int, sequence: Int, at: Date, event: RunEvent) {
        self.init(
            run: job.run, attempt: attempt, sequence: sequence, database: job.entry.database, kind: job.entry.kind,
            policy: job.entry.policy, tiers: job.tiers, nominalAt: job.nominalAt, at: at, event: event,
            command: job.command)
    }
}
