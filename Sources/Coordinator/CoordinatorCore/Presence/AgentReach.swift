import Catalog
import Domain
import Foundation

/// Which agents can take a command, at one instant. Nothing is asked of one that cannot: it would be done later, when
/// nobody expects it any more.
struct AgentReach: Sendable {
    let sightings: [UUID: AgentSighting]
    let startedAt: Date
    let now: Date

    /// Why nothing can be asked of the agent now, in words; nil when it can.
    func obstacle(_ agent: AgentRecord) -> String? {
        guard agent.revokedAt == nil else { return "agent \(agent.name) was revoked" }
        // Just after the coordinator's own start nobody has had the time to check in.
        guard now.timeIntervalSince(startedAt) > OfflineRule.startGrace else { return nil }
        let seen = sightings[agent.id]?.at
        if let seen, now.timeIntervalSince(seen) < OfflineRule.silence { return nil }
        let last = seen ?? agent.lastSeenAt
        return "host \(agent.name) is offline, "
            + (last.map { "last seen \(Timestamp.seconds($0))" } ?? "and was never seen since it joined")
    }
}

/// When an agent counts as offline: after the poll, its pause, jitter and grace.
enum OfflineRule {
    static let silence: TimeInterval = 150
    /// For so long after the coordinator's own start nobody is held to be offline.
    static let startGrace: TimeInterval = 300
}

extension Coordinator {
    /// As things stand now.
    func reach() -> AgentReach {
        AgentReach(sightings: presence.sightings(), startedAt: startedAt, now: world.now())
    }
}
