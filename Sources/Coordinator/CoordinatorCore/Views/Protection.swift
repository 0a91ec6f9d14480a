import Catalog
import Domain
import Foundation
import Wire

/// How one database's protection stands, computed from schedule and objective only (P4).
struct Protection: Equatable {
    var state: DatabaseState
    var nextAt: Date?
    var rpoSeconds: Int?
    var rpoMet: Bool?
    /// Why it is overdue; nil when it is not.
    var overdue: String?
    var policies: [String]
}

/// Judges many databases at one instant. What a schedule says is computed once for all of them.
struct ProtectionJudge {
    let resolver: PlanResolver
    let now: Date
    /// Databases (rows) with a run that was heard of in the last minutes.
    let busy: Set<Int64>
    private var clocks: [Schedule: Clock] = [:]

    private struct Clock {
        let next: Date
        /// The latest occurrence whose start window and grace are over.
        let due: Date?
    }

    init(resolver: PlanResolver, now: Date, busy: Set<Int64>) {
        self.resolver = resolver
        self.now = now
        self.busy = busy
    }

    mutating func judge(_ database: DatabaseRecord) -> Protection {
        let selection = resolver.selection(database)
        guard !selection.isEmpty else { return Protection(state: .unprotected, policies: []) }
        let baseline = database.plannedAt ?? database.firstSeenAt
        var (next, due): (Date?, Date?) = (nil, nil)
        for tier in selection.flatMap(\.tiers) {
            let clock = clock(tier.schedule)
            next = min(next ?? .distantFuture, clock.next)
            if let missed = clock.due, missed > baseline { due = max(due ?? .distantPast, missed) }
        }
        let rpo = selection.compactMap(\.policy.rpoSeconds).min()
        let age = now.timeIntervalSince(database.lastGoodAt ?? baseline)
        let rpoMet = rpo.map { age <= TimeInterval($0) }
        var protection = Protection(
            state: .ok, nextAt: next, rpoSeconds: rpo, rpoMet: rpoMet, policies: selection.map(\.policy.name))
        protection.overdue = overdue(database, due: due, rpo: rpoMet == false ? rpo : nil)
        protection.state = state(database, protection)
        return protection
    }

    private func overdue(_ database: DatabaseRecord, due: Date?, rpo: Int?) -> String? {
        if let rpo {
            return database.lastGoodAt.map {
                "the newest good backup is of \(Timestamp.text($0)), older than the objective of \(rpo) s"
            } ?? "there is no good backup, and the objective is \(rpo) s"
        }
        // By what the backup shows: one that comes late shows an old state, whenever it is recorded.
        guard let due, (database.lastGoodAt ?? .distantPast) < due, !busy.contains(database.id) else {
            return nil
        }
        return "the backup that was due at \(Timestamp.text(due)) did not come; "
            + (database.lastGoodAt.map { "the newest good one is of \(Timestamp.text($0))" }
                ?? "there never was a good one")
    }

    private func state(_ database: DatabaseRecord, _ protection: Protection) -> DatabaseState {
        if protection.overdue != nil { return .overdue }
        if database.lastRunState == .failed || database.lastRunState == .lost { return .failing }
        return database.lastGoodBackup == nil ? .waiting : .ok
    }

    private mutating func clock(_ schedule: Schedule) -> Clock {
        if let known = clocks[schedule] { return known }
        var due = schedule.previous(atOrBefore: now)
        if let latest = due, now < latest + schedule.startWindow(after: latest) + OverdueRule.grace {
            due = schedule.previous(atOrBefore: latest - 1)
        }
        let clock = Clock(next: schedule.next(after: now), due: due)
        clocks[schedule] = clock
        return clock
    }
}

/// When a backup counts as overdue.
enum OverdueRule {
    /// How late a backup may be after its start window: time to make it.
    static let grace: TimeInterval = 300
    /// For so long after the coordinator's own start nothing is held to be overdue: agents deliver what they have.
    static let startGrace: TimeInterval = 60
}
