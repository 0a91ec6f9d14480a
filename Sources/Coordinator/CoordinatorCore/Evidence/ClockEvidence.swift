import Catalog
import Domain
import Foundation
import Synchronization

/// What other clocks show, against the coordinator's own: nothing is deleted by a clock that stands alone (P2).
final class ClockEvidence: Sendable {
    private struct State {
        /// By provider: what the store's clock is ahead of ours, and when (by ours) it said so.
        var stores: [String: (ahead: TimeInterval, at: Date)] = [:]
        var last: (now: Date, uptime: Duration)?
        var jumpedAt: Date?
    }
    private let state = Mutex(State())

    /// An answer of a store came now, and said what time it is there.
    func note(_ time: Date, of store: String, at now: Date) {
        state.withLock { $0.stores[store] = (time.timeIntervalSince(now), now) }
    }

    /// To be called now and then: notices when the time went on by something else than time.
    func watch(now: Date, uptime: Duration) {
        state.withLock { state in
            if let last = state.last {
                let passed = (uptime - last.uptime) / .seconds(1)
                if abs(now.timeIntervalSince(last.now) - passed) > EvidenceRule.clocks { state.jumpedAt = now }
            }
            state.last = (now, uptime)
        }
    }

    /// Why the clock is wrong by what others show; nil when it is not, or nobody can tell.
    func contradiction(_ sightings: [UUID: AgentSighting], now: Date) -> String? {
        let (agents, stores) = (agents(sightings, now: now), stores(now: now))
        guard !stores.agree, !agents.agree, agents.heard + stores.heard > 0 else { return nil }
        return agents.heard > 0
            ? "the clocks of most agents differ by more than 10 minutes from the coordinator's"
            : "the object stores' clocks differ by more than 10 minutes from the coordinator's"
    }

    /// Why nothing may be deleted without a person; nil when others show the same time, and it went on evenly.
    func doubt(_ sightings: [UUID: AgentSighting], now: Date) -> String? {
        if let jumpedAt = state.withLock({ $0.jumpedAt }), abs(now.timeIntervalSince(jumpedAt)) < EvidenceRule.stale {
            return "the clock jumped at \(Timestamp.seconds(jumpedAt)): nothing is deleted by itself for a day"
        }
        if let contradiction = contradiction(sightings, now: now) { return contradiction }
        guard agents(sightings, now: now).agree || stores(now: now).agree else {
            return "no agent and no object store has shown yet that the coordinator's clock is right"
        }
        return nil
    }

    private func agents(_ sightings: [UUID: AgentSighting], now: Date) -> (heard: Int, agree: Bool) {
        let recent = sightings.values.filter { abs(now.timeIntervalSince($0.at)) <= EvidenceRule.clocks }
        let agreeing = recent.count { abs(TimeInterval($0.clockSkewMilliseconds) / 1000) <= EvidenceRule.clocks }
        return (recent.count, agreeing * 2 > recent.count)
    }

    private func stores(now: Date) -> (heard: Int, agree: Bool) {
        let recent = state.withLock {
            $0.stores.values.filter { abs(now.timeIntervalSince($0.at)) <= EvidenceRule.round }
        }
        let agreeing = recent.count { abs($0.ahead) <= EvidenceRule.clocks }
        return (recent.count, agreeing * 2 > recent.count)
    }
}

extension Coordinator {
    /// Why the clock is wrong by what agents and stores show; nil when it is not known to be.
    func clockContradiction() -> String? {
        clocks.contradiction(presence.sightings(), now: world.now())
    }

    /// The same, and also when nobody has shown that it is right: for what no person looks at before it is done.
    func clockDoubt() -> String? {
        clocks.watch(now: world.now(), uptime: world.uptime())
        return clocks.doubt(presence.sightings(), now: world.now())
    }
}
