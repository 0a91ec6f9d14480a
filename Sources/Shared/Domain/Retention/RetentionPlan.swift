package import Foundation

/// What to keep and what to delete, and why: to be shown, and then applied. Pure (P2).
///
/// - The newest `floor` good backups of a database are never deleted, whatever their age; only good ones count.
/// - While there are fewer good ones than that, the newest others that can be restored stay in their stead.
/// - What the coordinator has not confirmed yet neither counts nor is deleted.
/// - Nothing pinned, in use, held or locked is deleted.
/// - A backup that counts for several tiers is kept as long as the longest of them.
/// - When any backup of a database was recorded later than `now`, nothing of that database is deleted.
///
/// It must be given *all* backups of each database that it is given any of, and nothing that is deleted already.
package struct RetentionPlan: Sendable, Equatable {
    package struct Decision: Sendable, Equatable {
        package let candidate: RetentionCandidate
        package let verdict: RetentionVerdict
    }

    /// One for each candidate: by database in the order in which they first came, within it the newest first.
    package let decisions: [Decision]

    /// What is to be deleted, oldest first within each database.
    package var deletions: [RetentionCandidate] {
        decisions.filter { $0.verdict.isDeletion }.reversed().map(\.candidate)
    }

    package init(for candidates: [RetentionCandidate], policy: RetentionPolicy, now: Date) {
        let groups = Dictionary(grouping: candidates, by: \.source)
        var seen: Set<RetentionCandidate.Source> = []
        let sources = candidates.map(\.source).filter { seen.insert($0).inserted }
        decisions = sources.flatMap { Self.decide(groups[$0] ?? [], policy, now) }
    }

    private static func decide(_ ofOne: [RetentionCandidate], _ policy: RetentionPolicy, _ now: Date) -> [Decision] {
        let newestFirst = ofOne.sorted {
            ($1.recordedAt, $1.snapshotAt, $1.id.uuidString) < ($0.recordedAt, $0.snapshotAt, $0.id.uuidString)
        }
        // Asked this way round, and in numbers, a time that is not a number counts as untrusted too.
        let seconds = now.timeIntervalSince1970
        if let newest = newestFirst.first(where: { !($0.recordedAt.timeIntervalSince1970 <= seconds) }) {
            return newestFirst.map { Decision(candidate: $0, verdict: .keep(.clock(newest: newest.recordedAt))) }
        }
        var goodBefore = 0
        // How many that are not good are needed to make up the floor.
        var missing = max(0, policy.floor - newestFirst.count { $0.countsAsGood })
        return newestFirst.map { candidate in
            var verdict = verdict(candidate, goodBefore: goodBefore, policy, now)
            if candidate.countsAsGood { goodBefore += 1 }
            if !candidate.isGood, candidate.hasWholeCopy, candidate.isConfirmed, missing > 0 {
                missing -= 1
                if verdict.isDeletion { verdict = .keep(.lastRestorable(policy.floor)) }
            }
            return Decision(candidate: candidate, verdict: verdict)
        }
    }

    private static func verdict(
        _ candidate: RetentionCandidate, goodBefore: Int, _ policy: RetentionPolicy, _ now: Date
    ) -> RetentionVerdict {
        if candidate.isPinned { return .keep(.pinned) }
        if candidate.isInUse { return .keep(.inUse) }
        if candidate.isHeld { return .keep(.held) }
        if let until = candidate.lockedUntil, now < until { return .keep(.locked(until: until)) }
        if candidate.countsAsGood, goodBefore == 0 { return .keep(.newestGood) }
        let (tier, end) = longest(candidate, policy)
        if now < end { return .keep(.young(tier, until: end)) }
        if !candidate.isConfirmed { return .keep(.unconfirmed) }
        if candidate.isGood, goodBefore < policy.floor { return .keep(.floor(policy.floor)) }
        let (kept, age) = (policy.keep(tier), now.timeIntervalSince(candidate.recordedAt))
        return .delete(
            candidate.isGood ? .expired(tier, kept: kept, age: age) : .expiredUnfit(tier, kept: kept, age: age))
    }

    /// The tier that keeps the backup longest; of equals the highest.
    private static func longest(_ candidate: RetentionCandidate, _ policy: RetentionPolicy) -> (tier: Tier, end: Date) {
        let tiers = candidate.tiers.isEmpty ? [.manual] : candidate.tiers
        let ends = tiers.map { (tier: $0, end: policy.keep($0).end(from: candidate.recordedAt)) }
        return ends.max { ($0.end, $0.tier) < ($1.end, $1.tier) } ?? (.manual, .distantFuture)
    }
}

extension RetentionCandidate {
    fileprivate var countsAsGood: Bool { isGood && isConfirmed }
}
