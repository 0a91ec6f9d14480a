import Archive
import Domain
import Foundation
import Wire

/// Which runs a ``ManualRequest`` asks for: pure, so that every case can be tested.
struct ManualRuns: Sendable {
    var jobs: [RunJob] = []
    /// Databases of this host that no policy selects; only where all were asked for.
    var skipped: [String] = []

    /// Throws `.notFound` for a name that the host does not declare, `.configuration` where the plan does not say where a backup would
    /// go.
    init(
        _ request: ManualRequest, plan: Plan, trouble: String?, declared: [DatabaseSetting], newID: () -> UUID
    ) throws(BackupError) {
        guard plan.revision > 0 else {
            throw BackupError(
                .configuration,
                (trouble ?? "this host has no plan yet, which says where backups go")
                    + ": it comes with the first check-in of `holdfast-agent run` once the coordinator answers, and is then kept here. "
                    + "Until then the stock tools make a copy: pg_dump, sqlite3 FILE .backup, tar")
        }
        let wanted = request.databases.isEmpty ? declared.map(\.name) : request.databases
        // Names of objects count in seconds.
        let moment = request.adopts?.takenAt ?? request.at
        let nominalAt = Date(timeIntervalSince1970: moment.timeIntervalSince1970.rounded(.down))
        for name in wanted where !jobs.contains(where: { $0.entry.database == name }) {
            guard let setting = declared.first(where: { $0.name == name }) else {
                let known = declared.prefix(20).map(\.name.description).joined(separator: ", ")
                throw BackupError(
                    .notFound,
                    "agent.yaml has no database \(name)"
                        + (known.isEmpty
                            ? ": it declares none" : "; it has \(known)\(declared.count > 20 ? " and more" : "")"))
            }
            // As the coordinator does: the first policy that selects it.
            let entries = plan.entries.filter { $0.database == name && $0.kind == setting.kind }
            guard let entry = entries.first(where: { !$0.tiers.isEmpty }) ?? entries.first else {
                let words =
                    "no policy of the plan (revision \(plan.revision)) selects \(name), so nothing says where it goes"
                guard request.databases.isEmpty else {
                    throw BackupError(.configuration, "\(words): let one do so in fleet.yaml, by its labels")
                }
                skipped.append(words)
                continue
            }
            jobs.append(
                RunJob(
                    run: newID(), command: nil, entry: entry,
                    destinations: plan.destinations.filter { entry.destinations.contains($0.name) }, tiers: [.manual],
                    nominalAt: nominalAt, adopted: request.adopts))
        }
        guard !jobs.isEmpty else {
            throw BackupError(
                .configuration,
                skipped.first ?? "no database is declared here: name agent.yaml with --config, or set DATABASE_URL")
        }
    }
}

extension ManualAnswer.Run {
    init(_ live: LiveRun, agent: AgentIdentity) {
        let progress = live.progress
        self.init(
            run: live.job.run, database: live.job.entry.database, phase: progress.phase.text,
            plainBytes: progress.plainBytes, storedBytes: progress.storedBytes,
            end: live.end.map { ManualAnswer.End($0, live.job, agent) })
    }

    init(_ job: RunJob, skipped reason: String) {
        self.init(
            run: job.run, database: job.entry.database, phase: "", plainBytes: 0, storedBytes: 0,
            end: .init(failure: .init(BackupError(.busy, reason)), destinations: [], manifest: nil))
    }
}

extension ManualAnswer.End {
    init(_ report: RunReport, _ job: RunJob, _ agent: AgentIdentity) {
        let whole = report.destinations.filter(\.isComplete)
        failure = report.failure.map { failure in
            .init(BackupError(BackupError.Code(rawValue: failure.code) ?? .bug, failure.message))
        }
        if failure == nil, report.event.value != .succeeded {
            failure = .init(BackupError(.cancelled, report.reason ?? report.event.text))
        }
        destinations = whole.map(\.destination)
        manifest = whole.first.flatMap { result in
            result.objects.last { $0.name.hasSuffix(".json") }.map { result.folder + $0.name }
        }
    }
}
