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
    /// Nil when it is not.
    var overdue: Overdue?
    /// Tiers that would be overdue if their backup were not in the making just now.
    var inTheMaking: Set<String> = []
    var policies: [String]

    struct Overdue: Equatable {
        /// Each tier that is, as `policy/tier`, and `rpo` when the objective is missed.
        let missing: Set<String>
        /// In words.
        let reason: String
    }
}

/// Judges many databases at one instant. What a schedule says is computed once for all of them.
struct ProtectionJudge {
    let resolver: PlanResolver
    let now: Date
    /// Runs that were heard of in the last minutes, by the rows of their databases.
    let busy: [Int64: [RunRecord]]
    /// How the tiers of each database stand, by its row.
    let tiers: [Int64: [TierSummary]]
    /// Keys of the open incidents of backups that failed.
    let failed: Set<String>
    private var clocks: [Schedule: Clock] = [:]

    private struct Clock {
        let next: Date
        /// The latest occurrence whose start window and grace are over.
        let due: Date?
    }

    init(
        resolver: PlanResolver, now: Date, busy: [Int64: [RunRecord]], tiers: [Int64: [TierSummary]],
        failed: Set<String>
    ) {
        self.failed = failed
        self.resolver = resolver
        self.now = now
        self.busy = busy
        self.tiers = tiers
    }

    mutating func judge(_ database: DatabaseRecord) -> Protection {
        guard database.goneAt == nil else { return Protection(state: .gone, policies: []) }
        let selection = resolver.selection(database)
        guard !selection.isEmpty else { return Protection(state: .unprotected, policies: []) }
        let baseline = database.plannedAt ?? database.firstSeenAt
        let known = tiers[database.id] ?? []
        // Somebody looked, and made one: that is as good as what was due before.
        let byHand = known.compactMap { $0.tier == .manual ? believable($0.goodAt) : nil }.max() ?? .distantPast
        var next: Date?
        var missing: [(key: String, words: String)] = []
        var inTheMaking: Set<String> = []
        for (policy, planned) in selection {
            for tier in planned {
                let clock = clock(tier.schedule)
                next = min(next ?? .distantFuture, clock.next)
                let summary = known.first { $0.tier == tier.tier && $0.policy == policy.name }
                guard let due = clock.due, due > (summary?.plannedAt ?? baseline),
                    max(believable(summary?.goodAt) ?? .distantPast, byHand) < due
                else { continue }
                let key = "\(policy.name)/\(tier.tier.rawValue)"
                guard !isAtWork(database, policy, tier) else {
                    inTheMaking.insert(key)
                    continue
                }
                let name = tier.tier.rawValue + " backup" + (selection.count > 1 ? " of policy \(policy.name)" : "")
                missing.append((key, "the \(name) that was due at \(Timestamp.seconds(due))"))
            }
        }
        let rpo = selection.compactMap(\.policy.rpoSeconds).min()
        let age = now.timeIntervalSince(believable(database.lastGoodAt) ?? baseline)
        let rpoMet = rpo.map { age <= TimeInterval($0) }
        var protection = Protection(
            state: .ok, nextAt: next, rpoSeconds: rpo, rpoMet: rpoMet, policies: selection.map(\.policy.name))
        protection.inTheMaking = inTheMaking
        protection.overdue = overdue(database, missing, rpo: rpoMet == false ? rpo : nil)
        protection.state = state(database, protection)
        return protection
    }

    private func overdue(
        _ database: DatabaseRecord, _ missing: [(key: String, words: String)], rpo: Int?
    ) -> Protection.Overdue? {
        var keys = Set(missing.map(\.key))
        let words = missing.map(\.words).joined(separator: " and ")
        guard let rpo else {
            guard !missing.isEmpty else { return nil }
            return .init(missing: keys, reason: "\(words) did not come; \(newest(database))")
        }
        keys.insert("rpo")
        let old =
            believable(database.lastGoodAt).map {
                "the newest good backup is of \(Timestamp.seconds($0)), older than the objective of \(rpo) s"
            } ?? "\(newest(database)), and the objective is \(rpo) s"
        return .init(missing: keys, reason: missing.isEmpty ? old : "\(old); \(words) did not come")
    }

    /// Of any tier, in words.
    private func newest(_ database: DatabaseRecord) -> String {
        guard let at = database.lastGoodAt else { return "there never was a good one" }
        let words = "the newest good one of all is of \(Timestamp.seconds(at))"
        return believable(at) == nil ? words + ", which is still to come: a clock was wrong" : words
    }

    /// A time that is still to come was written down by a wrong clock, and counts for nothing.
    private func believable(_ time: Date?) -> Date? {
        time.flatMap { $0 <= now + ClockSkew.tolerated ? $0 : nil }
    }

    /// Whether the very backup that is missing may be in the making; another tier's is no excuse.
    private func isAtWork(_ database: DatabaseRecord, _ policy: FleetPolicy, _ tier: FleetTier) -> Bool {
        busy[database.id]?.contains { $0.policy == policy.name && $0.tiers.contains(tier.tier) } ?? false
    }

    private func state(_ database: DatabaseRecord, _ protection: Protection) -> DatabaseState {
        if protection.overdue != nil { return .overdue }
        if database.lastRunState == .failed || database.lastRunState == .lost { return .failing }
        // That it is tried again is no success.
        if database.lastRunState != .succeeded, failed.contains(IncidentKey.failed(database)) { return .failing }
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
    /// For so long after the coordinator's own start nothing is held to be overdue: agents deliver what they have, and may
    /// be waiting before their next try.
    static let startGrace: TimeInterval = 180
}
