import Catalog
import Domain
import Foundation
import Wire

// What is backed up no longer, without anybody having said that this is meant (P4).
extension Coordinator {
    /// Notes since when no policy selects a database, and tells of those that are gone or unselected for a day.
    func superviseVanished() async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let judge = judge(at: now)
        let (changes, told) = try await catalog.read { view in
            var judge = try judge(view)
            var changes: [(id: Int64, since: Date?)] = []
            var told: [IncidentCondition] = []
            for record in try view.databases(withRevoked: false) {
                let state = judge.judge(record).state
                let isUnselected = state == .unprotected
                if isUnselected != (record.unselectedAt != nil) {
                    changes.append((record.id, isUnselected ? now : nil))
                }
                guard record.retiredAt == nil, let since = record.goneAt ?? record.unselectedAt,
                    state == .gone || isUnselected, now.timeIntervalSince(since) > VanishedRule.patience
                else { continue }
                told.append(.gone(record, since: since))
            }
            return (changes, told)
        }
        let open = try await catalog.read { try $0.openIncidentKeys(kind: IncidentKind.gone) }
        let over = open.subtracting(told.map(\.key))
        let fresh = told.filter { !open.contains($0.key) }
        guard !changes.isEmpty || !over.isEmpty || !fresh.isEmpty else { return }
        try await catalog.write { update in
            for change in changes { try update.setUnselected(change.id, since: change.since) }
            for condition in fresh { try update.open(condition, channels: channels, at: now) }
            for key in over { try update.recover(key, at: now) }
        }
    }

    /// What agents say of themselves with each check-in: reports that they had to put aside, and what keeps them from working.
    func superviseTroubles() async throws(BackupError) {
        let (now, channels, sightings) = (world.now(), fleet.alerts.channels, presence.sightings())
        let (agents, open) = try await catalog.read { view in
            (
                try view.agents().filter { $0.revokedAt == nil },
                try view.openIncidentKeys(kind: IncidentKind.trouble)
                    .union(view.openIncidentKeys(kind: IncidentKind.refusedReports))
            )
        }
        let conditions = agents.flatMap { agent -> [IncidentCondition] in
            guard let sighting = sightings[agent.id] else { return [] }
            return [
                sighting.trouble.map { IncidentCondition.trouble(agent, $0) },
                sighting.putAside.flatMap { $0 > 0 ? IncidentCondition.refusedReports(agent, $0) : nil },
            ].compactMap(\.self)
        }
        let heard = Set(
            agents.filter { sightings[$0.id] != nil }.flatMap {
                [IncidentKey.trouble($0.id), IncidentKey.refusedReports($0.id)]
            })
        let over = open.intersection(heard).subtracting(conditions.map(\.key))
        let fresh = conditions.filter { !open.contains($0.key) }
        guard !over.isEmpty || !fresh.isEmpty else { return }
        try await catalog.write { update in
            for condition in fresh { try update.open(condition, channels: channels, at: now) }
            for key in over { try update.recover(key, at: now) }
        }
    }
}

/// For how long what vanished may be an edit under way, in seconds.
enum VanishedRule {
    static let patience: TimeInterval = 86_400
}
