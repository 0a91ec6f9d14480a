import Archive
import Catalog
import Domain
import Foundation
import Wire

/// Takes reports of one agent into the catalog, within one transaction.
struct RunRecorder {
    let update: CatalogUpdate
    let agent: AgentIdentity
    let fleet: FleetConfiguration
    let now: Date
    let destinations: DemandedDestinations

    /// What is left to be done when the transaction is through.
    struct Consequences: Sendable {
        var backups: [UUID] = []
        /// Of tiers with a health check.
        var toVerify: [UUID] = []
        var hasIncidents = false
        /// A backup came of a database that is overdue.
        var mayEndOverdue = false
        var hasLeftovers = false
        /// Of what was to be discarded.
        var discards: [CommandResult] = []
        /// For the log.
        private(set) var happenings: [Happening] = []

        mutating func note(_ happening: Happening?) { if let happening { happenings.append(happening) } }
    }

    /// Nil when the report counts (or changes nothing); else why it never will.
    func take(_ report: RunReport, _ consequences: inout Consequences) throws -> String? {
        let existing = try update.run(report.run)
        if let existing {
            if let refusal = try refusal(of: report, existing) { return refusal }
        } else if let refusal = try refusal(ofNew: report) {
            return refusal
        }
        // A clock that went back, or was ahead, gives another backup the same run, attempt and number.
        let isNewBackup = try report.manifest.map { try update.backup($0.id) == nil } ?? false
        guard try isNewBackup || !update.hasReport(run: report.run, attempt: report.attempt, sequence: report.sequence)
        else { return nil }
        if report.event.value == .missed || report.event.value == .skipped,
            report.nominalAt > now + EvidenceRule.clocks
        {
            // By a clock that is ahead: what has yet to come cannot have been missed.
            try audit("report set aside", report, "\(report.event.text), and its time is still to come")
            return nil
        }
        let database = try update.ensureDatabase(
            agent: agent.id, name: report.database, kind: report.kind, atMost: AgentCaps.databaseRows, at: now)
        var run =
            try existing
            ?? RunRecord(
                id: report.run, database: database, policy: report.policy, tiers: report.tiers, state: .running,
                attempt: 0, nominalAt: report.nominalAt, recordedAt: now,
                demanded: destinations.of(report, from: agent.id, update))
        if existing == nil { run.kind = report.kind }
        var backup: ReportedBackup?
        var event = report.event.value
        if let manifest = report.manifest, event == .succeeded || event == .failed {
            do {
                backup = try ReportedBackup(
                    report, manifest, from: agent, demanded: run.demanded, places: update.places(named:))
            } catch let error as BackupError where error.code == .forbidden {
                try audit("report refused", report, error.message)
                return error.message
            } catch let error as BackupError where error.code == .integrity {
                // What it claims to have stored counts for nothing; that it failed counts all the same.
                if event == .succeeded { run.failure = Failure(code: error.code.rawValue, message: error.message) }
                event = .failed
            }
        }
        if let backup, let known = try update.backup(backup.manifest.id), known.run != report.run {
            try audit("report refused", report, "the backup is another run's")
            return "the backup is another run's"
        }
        if let backup, let refusal = try rivalry(of: backup, report) { return refusal }
        if let backup, event == .succeeded, report.kind == .sqlite, try isEmptied(backup, database) {
            run.failure = Failure(
                code: BackupError.Code.integrity.rawValue,
                message:
                    "the SQLite file has no table any more, and its last good backup has some: is it the right file?")
            event = .failed
        }
        if event == .succeeded, backup?.isComplete != true {
            // No success without proof (P1): what the agent says does not add up to a whole backup.
            let missing = backup?.shortcomings.joined(separator: "; ") ?? "the report holds no manifest"
            (event, run.failure) = (.failed, Failure(code: "integrity", message: "not everywhere: \(missing)"))
        }
        let stage = existing?.stage
        let next = event.flatMap { RunMachine.next(from: stage, on: .report($0, attempt: report.attempt)) }
        if let next {
            try apply(next, event, report, &run, backup, &consequences)
        } else if let backup, backup.hasWholeCopy, try update.backup(backup.manifest.id) == nil {
            // Too late to change the run; but what is stored is never dropped without a row.
            if run.backup == nil { run.backup = backup.manifest.id }
            try update.save(run, at: now)
            try add(backup, run, isGood: event == .succeeded)
            consequences.backups.append(backup.manifest.id)
            consequences.hasIncidents = true
            try noteLeftovers(report, &consequences)
        } else if event == .failed, existing?.state.isTerminal == true {
            // Too late as well: what lies somewhere of it is to go all the same.
            try noteLeftovers(report, &consequences)
        } else if existing == nil {
            // A word of a newer agent: the run is noted, and nothing is made of it.
            run.attempt = report.attempt
            try update.save(run, at: now)
        }
        try update.addReport(
            run: report.run, attempt: report.attempt, sequence: report.sequence, event: report.event.text,
            at: report.at, receivedAt: now)
        return nil
    }

    /// Who could begin another's scheduled run would keep its true reports from being taken for good (P5).
    private func refusal(ofNew report: RunReport) throws -> String? {
        let own = ScheduledRun.id(
            policy: report.policy, agent: agent.id, database: report.database, nominalAt: report.nominalAt)
        guard ScheduledRun.isID(report.run), report.run != own else { return nil }
        let reason = "the run's id belongs to another agent, policy, database or time"
        try audit("report refused", report, reason)
        return reason
    }

    private func refusal(of report: RunReport, _ run: RunRecord) throws -> String? {
        guard let database = try update.databaseRecord(run.database), database.agent == agent.id,
            database.name.rawValue.utf8.elementsEqual(report.database.rawValue.utf8)
        else {
            try audit("report refused", report, "the run is another agent's or another database's")
            return "the run is another agent's or another database's"
        }
        let isSame =
            report.policy == run.policy && Set(report.tiers) == Set(run.tiers)
            && abs(report.nominalAt.timeIntervalSince(run.nominalAt)) < 0.002
            && (run.kind ?? report.kind) == report.kind
        guard !isSame else { return nil }
        let reason = "the run was first told of with another policy, tiers, time or kind: these never change"
        try audit("report refused", report, reason)
        if let id = run.backup, let backup = try update.backup(id), backup.isLive {
            try update.open(
                .altered(backup, database, finding: reason), finding: reason, channels: fleet.alerts.channels, at: now)
        }
        return reason
    }

    /// Nobody may call another backup's objects its own: they would be deleted with it.
    private func rivalry(of backup: ReportedBackup, _ report: RunReport) throws -> String? {
        guard try update.backup(backup.manifest.id) == nil else { return nil }
        for copy in backup.copies {
            guard let (name, other) = try update.rival(of: copy, agent: agent.id) else { continue }
            let reason = "\(name) at \(copy.place.name) is an object of backup \(other.uuidString.lowercased())"
            try audit("report refused", report, reason)
            if let record = try update.backup(other), let database = try update.databaseRecord(record.database) {
                let words = "another report calls \(name) its own"
                try update.open(
                    .altered(record, database, finding: words), finding: words, channels: fleet.alerts.channels, at: now
                )
            }
            return reason
        }
        return nil
    }

    private func isEmptied(_ backup: ReportedBackup, _ database: Int64) throws -> Bool {
        guard backup.manifest.sourceTables == 0 else { return false }
        let last = try update.databaseRecord(database)?.lastGoodBackup.flatMap { try update.backup($0) }
        return (last?.sourceTables ?? 0) > 0
    }

    /// To be called before the backup is added.
    private func tellShrinking(_ backup: ReportedBackup, _ run: RunRecord) throws {
        guard let database = try update.databaseRecord(run.database) else { return }
        if run.kind == .sqlite {
            if backup.manifest.sourceTables == 0 {
                try update.open(.empty(database), channels: fleet.alerts.channels, at: now)
            } else {
                try update.resolve(key: IncidentKey.empty(database), at: now)
            }
        }
        guard let share = fleet.policy(named: run.policy).map({ $0.shrinkShare(of: database.name) }) ?? 0.5,
            let before = try database.lastGoodBackup.flatMap({ try update.backup($0) })
        else { return }
        // The one that is held is that from before the first loss, and stays it until somebody has looked.
        guard try update.openIncident(key: IncidentKey.shrunk(database)) == nil else { return }
        let check = ShrinkCheck(
            before: before, tables: backup.manifest.sourceTables, rows: backup.manifest.sourceRows,
            bytes: backup.manifest.objects.reduce(0) { $0 + $1.plainBytes })
        let emptied = try check.mayHaveLost ? ShrinkCheck.emptied(update.manifest(of: before.id), backup.manifest) : nil
        guard let finding = check.finding(share: share) ?? emptied else { return }
        try update.open(
            .shrunk(database, before: before, now: backup.manifest.id, finding), channels: fleet.alerts.channels,
            at: now)
    }

    /// What is noted of a good backup, once. To be called before the backup is added.
    private func tellNotes(_ manifest: Manifest, _ run: RunRecord) throws {
        guard let database = try update.databaseRecord(run.database) else { return }
        // One that came late says nothing of how it is now.
        if let newest = database.lastGoodAt, manifest.snapshotAt < newest { return }
        let notes = manifest.notes ?? []
        guard !notes.isEmpty else { return try update.resolve(key: IncidentKey.noted(database), at: now) }
        let name = SettingName.notes(database.id)
        var told = ToldNotes(try update.setting(name))
        let news = told.news(in: notes).map(Self.bounded)
        guard !news.isEmpty else { return }
        try update.set(told.text, for: name)
        let words = news.joined(separator: "; ")
        try update.open(
            .noted(database, backup: manifest.id, words), finding: words, tellsAgain: true,
            channels: fleet.alerts.channels, at: now)
    }

    private func apply(
        _ next: RunMachine.Stage, _ event: RunEvent?, _ report: RunReport, _ run: inout RunRecord,
        _ backup: ReportedBackup?, _ consequences: inout Consequences
    ) throws {
        let failure = run.failure
        (run.state, run.attempt, run.heardAt) = (next.state, next.attempt, now)
        run.reason = report.reason.map { Self.bounded($0) }
        run.failure = next.state == .failed ? failure ?? report.failure.map(Self.bounded) : nil
        run.destinations = report.destinations
        // The whole run, with all its attempts.
        if next.state == .running { run.startedAt = min(run.startedAt ?? report.at, report.at) }
        if next.state.isTerminal {
            run.finishedAt = report.at
            run.startedAt = run.startedAt ?? report.manifest?.startedAt
        }
        let isNew = try backup.map { try update.backup($0.manifest.id) == nil } ?? false
        if let backup, backup.hasWholeCopy, isNew { run.backup = backup.manifest.id }
        // The run's row first: the backup refers to it.
        try update.save(run, at: now)
        if let backup, backup.hasWholeCopy, isNew {
            try add(backup, run, isGood: next.state == .succeeded)
            consequences.hasIncidents = true
            consequences.backups.append(backup.manifest.id)
        }
        if next.state.isTerminal {
            try update.finishCommands(ofRun: run.id, at: now)
            try noteLeftovers(report, &consequences)
            consequences.note(.end(of: run, agent: agent.name, database: report.database, backup?.manifest))
        }
        try judge(run, backup, &consequences)
    }

    private func noteLeftovers(_ report: RunReport, _ consequences: inout Consequences) throws {
        let leftovers = try Leftovers.of(report, from: agent, places: update.places(named:))
        for leftover in leftovers where try update.add(leftover, at: now) { consequences.hasLeftovers = true }
    }

    private func add(_ backup: ReportedBackup, _ run: RunRecord, isGood: Bool) throws {
        let manifest = backup.manifest
        var record = BackupRecord(
            id: manifest.id, database: run.database, run: run.id, policy: run.policy, tiers: run.tiers,
            state: isGood ? .good : .partial, nominalAt: manifest.nominalAt, startedAt: manifest.startedAt,
            snapshotAt: manifest.snapshotAt, finishedAt: manifest.finishedAt,
            // An old dump that is taken in is not the newest backup by that.
            recordedAt: manifest.adopted == nil ? now : min(manifest.snapshotAt, now),
            plainBytes: manifest.objects.reduce(0) { $0 + $1.plainBytes },
            storedBytes: manifest.objects.reduce(0) { $0 + $1.storedBytes })
        // Directories lie on the agent's host, out of the coordinator's sight: there its agent's confirmation stands.
        (record.sourceTables, record.sourceRows) = (manifest.sourceTables, manifest.sourceRows)
        record.pinned = manifest.adopted != nil
        if isGood, manifest.adopted == nil {
            try tellShrinking(backup, run)
            try tellNotes(manifest, run)
        }
        if isGood, backup.copies.allSatisfy({ $0.place.s3 == nil }) {
            (record.proof, record.proofAt) = (ProofLevel.stored.rawValue, now)
        }
        try update.add(record, manifest: manifest, copies: backup.copies, at: now)
    }

    /// Opens and resolves incidents, and notes what shall be verified.
    private func judge(_ run: RunRecord, _ backup: ReportedBackup?, _ consequences: inout Consequences) throws {
        guard let database = try update.databaseRecord(run.database) else { return }
        let channels = fleet.alerts.channels
        // Whether an old dump could be taken in says nothing of how the database is backed up.
        if backup?.manifest.adopted != nil { return }
        switch run.state {
        case .succeeded:
            try update.recover(IncidentKey.failed(database), at: now)
            consequences.hasIncidents = true
            if try update.openIncidentKey(beginning: IncidentKey.overdue(database)) != nil {
                consequences.mayEndOverdue = true
            }
            if fleet.alerts.notifySuccess {
                let bytes = backup?.manifest.objects.reduce(0) { $0 + $1.storedBytes } ?? 0
                try update.announce(.succeeded(database, bytes: bytes), channels: channels, at: now)
                consequences.hasIncidents = true
            }
            let checked = fleet.policy(named: run.policy)?.tiers.filter(\.healthCheck).map(\.tier) ?? []
            if let id = run.backup, run.tiers.contains(where: checked.contains) { consequences.toVerify.append(id) }
        case .failed:
            let error = run.failure?.message ?? run.reason ?? "no reason was given"
            try update.open(.failed(database, error: error), channels: channels, at: now)
            consequences.hasIncidents = true
        case .running, .unknown, .cancelled, .lost, .skipped, .missed:
            break
        }
    }

    private func audit(_ action: String, _ report: RunReport, _ detail: String) throws {
        try update.audit(agent.name, action, report.run.uuidString.lowercased(), detail: detail, at: now)
    }

    /// An agent's text, kept to a size that fits into an alert.
    static func bounded(_ text: String) -> String { String(text.prefix(4000)) }

    static func bounded(_ failure: Failure) -> Failure {
        Failure(code: String(failure.code.prefix(40)), message: bounded(failure.message))
    }
}
