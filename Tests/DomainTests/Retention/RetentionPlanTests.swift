import Domain
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2))) struct RetentionPlanTests {
    let now = Date(timeIntervalSince1970: 1_768_442_400)  // 2026-01-15T02:00:00Z
    let source: RetentionCandidate.Source

    init() throws { source = RetentionCandidate.Source(agent: UUID(), database: try DatabaseName("shop")) }

    private func backup(
        _ days: Double, _ tiers: Set<Tier> = [.daily], good: Bool = true, pinned: Bool = false, inUse: Bool = false,
        locked: Double? = nil
    ) -> RetentionCandidate {
        RetentionCandidate(
            id: UUID(), source: source, tiers: tiers, recordedAt: now - days * 86_400, isGood: good, isPinned: pinned,
            isInUse: inUse, lockedUntil: locked.map { now + $0 * 86_400 })
    }

    private func words(_ candidates: [RetentionCandidate], _ policy: RetentionPolicy = .standard) -> [String] {
        RetentionPlan(for: candidates, policy: policy, now: now).decisions.map {
            ($0.verdict.isDeletion ? "delete: " : "keep: ") + $0.verdict.description
        }
    }

    @Test func `each backup has its reason`() throws {
        let policy = try RetentionPolicy(floor: 2)
        let said = words(
            [
                backup(0.5, good: false), backup(1), backup(40), backup(2, [.hourly]), backup(41),
                backup(29, [.hourly, .daily]),
                backup(50, pinned: true), backup(51, inUse: true), backup(52, locked: 3), backup(53, locked: -1),
                backup(54, [.weekly, .daily]), backup(85, [.weekly]), backup(200, [.monthly]), backup(366, [.monthly]),
                backup(31, []), backup(100, good: false),
            ], policy)
        #expect(
            said == [
                "keep: daily, kept until 2026-02-13T14:00:00Z", "keep: newest good backup",
                "keep: floor of 2 good backups", "keep: daily, kept until 2026-01-16T02:00:00Z",
                "delete: expired: manual kept 30 d, is 31 d old", "delete: expired: daily kept 30 d, is 40 d old",
                "delete: expired: daily kept 30 d, is 41 d old", "keep: pinned", "keep: in use",
                "keep: locked until 2026-01-18T02:00:00Z", "delete: expired: daily kept 30 d, is 53 d old",
                "keep: weekly, kept until 2026-02-14T02:00:00Z", "delete: expired: weekly kept 12 w, is 85 d old",
                "delete: expired and not good: daily kept 30 d, is 100 d old",
                "keep: monthly, kept until 2026-06-29T02:00:00Z", "delete: expired: monthly kept 12 mo, is 366 d old",
            ])
    }

    @Test func `what can be restored stays while there are too few good ones`() throws {
        func other(_ days: Double, whole: Bool = true) -> RetentionCandidate {
            RetentionCandidate(
                id: UUID(), source: source, tiers: [.daily], recordedAt: now - days * 86_400, isGood: false,
                hasWholeCopy: whole)
        }
        let said = words([backup(60), other(40, whole: false), other(41), other(42), other(43)])
        #expect(
            said.map { $0.hasPrefix("keep") } == [false, true, true, false, true],
            "one good one, and the two newest that can be restored, make up the floor of 3")
        #expect(said[1] == "keep: can be restored, and there are fewer than 3 good backups")
    }

    @Test func `what is not confirmed neither counts nor goes`() throws {
        let unseen = [40.0, 41, 42].map {
            RetentionCandidate(
                id: UUID(), source: source, tiers: [.daily], recordedAt: now - $0 * 86_400, isGood: true,
                isConfirmed: false)
        }
        let said = words(unseen + [50.0, 51, 52, 53].map { backup($0) })
        #expect(said.prefix(3) == ["keep: not confirmed yet", "keep: not confirmed yet", "keep: not confirmed yet"])
        #expect(said[3] == "keep: newest good backup" && said[6].hasPrefix("delete: expired"))
    }

    @Test func `of several that came at once the latest state is the newest`() throws {
        let candidates = [2.0, 1, 3].map {
            RetentionCandidate(
                id: UUID(), source: source, tiers: [.daily], recordedAt: now - 50 * 86_400,
                snapshotAt: now - (50 + $0) * 86_400, isGood: true)
        }
        let order = RetentionPlan(for: candidates, policy: .standard, now: now).decisions.map(\.candidate.snapshotAt)
        #expect(order == order.sorted(by: >))
    }

    @Test func `after a year of failures the last good ones are still there`() {
        let failures = (0..<365).map { backup(Double($0), good: false) }
        let good = [400.0, 401, 402, 403].map { backup($0) }
        let plan = RetentionPlan(for: failures + good, policy: .standard, now: now)
        let kept = plan.decisions.filter { !$0.verdict.isDeletion && $0.candidate.isGood }.map(\.candidate)
        #expect(kept == Array(good.prefix(3)))
        #expect(plan.deletions.first == good[3], "oldest first")
        #expect(plan.deletions.count == 336, "335 failures of 30 days and more, and the fourth good one")
    }

    @Test func `a backup at exactly its end is deleted, a moment before it is kept`() throws {
        let fillers = (0..<3).map { backup(Double($0) / 100) }
        #expect(words(fillers + [backup(30)]).last?.hasPrefix("delete") == true)
        #expect(words(fillers + [backup(30 - 0.0001)]).last?.hasPrefix("keep") == true)
        #expect(words(fillers + [backup(2, [.hourly])]).last == "delete: expired: hourly kept 48 h, is 2 d old")
    }

    @Test(arguments: [Double.nan, -3600, -1, 0])
    func `a clock that is behind deletes nothing of that database, and something of others`(shift: Double) throws {
        let other = RetentionCandidate.Source(agent: source.agent, database: try DatabaseName("other"))
        let elsewhere = (0..<5).map {
            RetentionCandidate(
                id: UUID(), source: other, tiers: [.daily], recordedAt: now - 90 * 86_400 - Double($0), isGood: true)
        }
        let mine = [backup(0)] + (0..<9).map { backup(Double(100 + $0)) }
        let plan = RetentionPlan(for: mine + elsewhere, policy: .standard, now: now + shift)
        let doomed = Set(plan.deletions.map(\.source))
        if shift == 0 {
            #expect(doomed == [source, other])
        } else {
            #expect(!doomed.contains(source))
            #expect(shift.isNaN || doomed == [other])
            #expect(plan.decisions[0].verdict.description.hasPrefix("clock: "))
        }
    }

    @Test func `whatever the history, what must stay stays`() throws {
        var random = SplitMix(seed: 23)
        for round in 0..<400 {
            let floor = Int.random(in: 1...5, using: &random)
            let policy = try RetentionPolicy(
                keep: [.daily: KeepDuration(Int.random(in: 1...40, using: &random), .days)], floor: floor)
            let sources = try (0..<3).map {
                RetentionCandidate.Source(agent: UUID(), database: try DatabaseName("db\($0)"))
            }
            let all = (0..<Int.random(in: 0...60, using: &random)).map { _ in history(sources, &random) }
            let plan = RetentionPlan(for: all.shuffled(using: &random), policy: policy, now: now)
            #expect(plan == RetentionPlan(for: all.reversed(), policy: policy, now: now).reordered(as: plan))
            #expect(plan.decisions.count == all.count)
            let doomed = Set(plan.deletions)
            for source in sources {
                let mine = all.filter { $0.source == source }
                let good = mine.filter(\.isGood)
                let left = good.filter { !doomed.contains($0) }
                #expect(left.count >= min(floor, good.count), "round \(round)")
                if let newest = good.max(by: { $0.recordedAt < $1.recordedAt }) {
                    #expect(left.contains { $0.recordedAt == newest.recordedAt })
                }
                if mine.contains(where: { $0.recordedAt > now }) { #expect(doomed.isDisjoint(with: mine)) }
                // Failures never shorten a life: without them, the same good ones go.
                let alone = RetentionPlan(for: good, policy: policy, now: now)
                if !mine.contains(where: { $0.recordedAt > now }) {
                    #expect(Set(alone.deletions) == doomed.intersection(good))
                }
            }
            for gone in doomed {
                #expect(!gone.isPinned && !gone.isInUse && !((gone.lockedUntil ?? .distantPast) > now))
                for tier in gone.tiers { #expect(policy.keep(tier).end(from: gone.recordedAt) <= now) }
            }
            // Applied and planned again, nothing more goes.
            let rest = all.filter { !doomed.contains($0) }
            #expect(RetentionPlan(for: rest, policy: policy, now: now).deletions.isEmpty)
        }
    }

    private func history(_ sources: [RetentionCandidate.Source], _ random: inout SplitMix) -> RetentionCandidate {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let age = Double(Int.random(in: 0...500, using: &random)) * 86_400 / 2
        return RetentionCandidate(
            id: UUID(), source: sources.randomElement(using: &random) ?? source,
            tiers: Set(Tier.allCases.filter { _ in chance(35) }), recordedAt: chance(1) ? now + 60 : now - age,
            isGood: chance(60), isPinned: chance(5), isInUse: chance(5),
            lockedUntil: chance(10) ? now + Double(Int.random(in: -100...100, using: &random)) : nil)
    }
}

extension RetentionPlan {
    /// The same decisions as a plan whose databases came in another order; nil when they differ.
    fileprivate func reordered(as other: RetentionPlan) -> RetentionPlan? {
        let mine = Dictionary(uniqueKeysWithValues: decisions.map { ($0.candidate, $0.verdict) })
        let theirs = Dictionary(uniqueKeysWithValues: other.decisions.map { ($0.candidate, $0.verdict) })
        return mine == theirs ? other : nil
    }
}
