import Archive
import Domain
import Foundation
import Logging
import Sealing
import Storage
import Threads
import Wire

/// What an agent does at its start about runs that an earlier one, killed or rebooted, did not end: a run whose objects
/// are all committed gets its manifest and succeeds; any other is begun again as the next attempt while its start
/// window lasts, and fails otherwise. Uploads and files that it left half done are removed first.
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

    func run() async throws {
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
                    try await finish(record, sealed)
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
    }

    /// Everything but the manifest is there.
    private func finish(_ record: RunJournal.Record, _ sealed: RunJournal.Sealed) async throws {
        let bytes = [UInt8](sealed.manifest)
        let manifest = try Manifest(decoding: bytes)
        let digest = hex(sha256(bytes))
        let stop = self.stop
        let destinations = self.destinations
        let results = await onThread {
            sealed.complete.map { result in
                var result = result
                guard let destination = record.job.destinations.first(where: { $0.name == result.destination }) else {
                    return result
                }
                do throws(BackupError) {
                    let store = try destinations.open(destination, stop: stop)
                    for object in result.objects { try Self.confirm(object, in: result.folder, store, destination) }
                    let key = result.folder + sealed.manifestName
                    let facts = try DestinationWriter.put(store, key, bytes, sha256: digest)
                    result.objects.append(
                        .init(name: sealed.manifestName, bytes: facts.bytes, sha256: digest, etag: facts.etag))
                    result.isComplete = true
                } catch {
                    result.error = error.description
                }
                return result
            }
        }
        var report = RunReport(
            job: record.job, attempt: record.attempt, sequence: record.sequence + 1, at: world.now(), event: .succeeded)
        report.destinations = results + sealed.failed + record.leftovers
        let isGood = (results + sealed.failed).allSatisfy(\.isComplete)
        if !isGood {
            report.event = Word(.failed)
            report.failure = Failure(
                code: BackupError.Code.storageUnavailable.rawValue,
                message: "the agent was interrupted, and afterwards not every destination could be completed")
        }
        if results.contains(where: \.isComplete) {
            report.manifest = manifest
            report.reason = RunReport.words(leftOut: sealed.leftOut ?? [])
        }
        logger.notice(
            "an interrupted backup was completed", metadata: ["run": "\(record.job.run)", "good": "\(isGood)"])
        try await spool.add(run: report)
        try journal.remove(record.job.run)
    }

    /// Looks whether what was committed is still there: a later step of the earlier agent may have removed it.
    private static func confirm(
        _ object: DestinationResult.StoredObject, in folder: String, _ store: any ObjectStore,
        _ destination: Destination
    ) throws(BackupError) {
        do throws(BackupError) {
            let seen = try store.head(folder + object.name)
            guard seen.bytes == object.bytes, object.etag.isEmpty || seen.etag == object.etag else {
                throw BackupError(.integrity, "\(object.name) is not what was committed")
            }
        } catch  where error.code == .storageRefused && destination.directory == nil {
            // Credentials that may only write; the coordinator looks for itself before it believes.
        }
    }

    private func again(_ record: RunJournal.Record) async throws {
        let now = world.now()
        let job = record.job
        let suspects = await suspects(record)
        let isYoung = now.timeIntervalSince(job.nominalAt) < startWindow(job, now)
        if isYoung, record.attempt < configuration.current.attempts {
            logger.notice("an interrupted backup begins again", metadata: ["run": "\(job.run)"])
            let admission = try await board.submit(
                job, attempt: record.attempt + 1, sequence: record.sequence, leftovers: record.leftovers + suspects)
            if admission == .accepted { return }
        }
        var report = RunReport(
            job: job, attempt: record.attempt, sequence: record.sequence + 1, at: now, event: .failed)
        report.failure = Failure(
            code: BackupError.Code.cancelled.rawValue, message: "the agent or its host stopped while the backup ran")
        report.destinations = record.leftovers + suspects
        try await spool.add(run: report)
        try journal.remove(job.run)
    }

    /// Objects of the interrupted attempt that may have become visible without a manifest: removed here from directories,
    /// named for the coordinator otherwise, since this host may neither see nor delete what lies off-site (P5).
    private func suspects(_ record: RunJournal.Record) async -> [DestinationResult] {
        let job = record.job
        let keys = BackupKeys(
            agentName: agent.name, database: job.entry.database, kind: job.entry.kind, tier: job.tiers.max() ?? .manual,
            nominalAt: job.nominalAt, attempt: record.attempt)
        let names = ObjectRole.possible(job.entry.kind).map { keys.objectName($0, $1, job.entry.compression) }
        let destinations = self.destinations
        return await onThread {
            job.destinations.compactMap { destination in
                let folder = destination.keyPrefix + keys.folder
                var left = names
                if destination.directory != nil, let store = try? destinations.open(destination, stop: StopSignal()) {
                    // With a manifest it is a backup, whoever made it, and stays.
                    if (try? store.head(folder + keys.manifestName)) != nil { return nil }
                    // One that cannot be deleted now is named, so that it is not forgotten.
                    left = names.filter { (try? store.delete(folder + $0)) == nil }
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
    private func startWindow(_ job: RunJob, _ now: Date) -> TimeInterval {
        guard job.command == nil else { return 3600 }
        let intervals = job.entry.tiers.filter { job.tiers.contains($0.tier) }.compactMap { planned -> TimeInterval? in
            // A schedule that does not parse came from a newer coordinator; the others decide.
            guard let schedule = try? Schedule(cron: planned.schedule, timeZone: job.entry.timeZone) else { return nil }
            return schedule.next(after: job.nominalAt).timeIntervalSince(job.nominalAt)
        }
        return min((intervals.max() ?? 3600) / 2, 6 * 3600)
    }
}

extension ObjectRole {
    /// The objects that a backup of this kind may have.
    static func possible(_ kind: DatabaseKind) -> [(ObjectRole, ObjectFormat)] {
        switch kind {
        case .postgres: [(.globals, .plain), (.dump, .plain), (.dump, .custom)]
        case .sqlite: [(.dump, .sqlite)]
        case .application: [(.archive, .tar)]
        }
    }
}
