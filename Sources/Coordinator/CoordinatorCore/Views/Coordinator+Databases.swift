import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// Databases by agent and name; of one agent (name or id), of one name, or all.
    package func databases(
        agent: String? = nil, database: String? = nil, by operator: OperatorIdentity
    ) async throws(BackupError) -> [DatabaseView] {
        try `operator`.require(.viewer, "listing databases")
        let judge = judge(at: world.now())
        return try await catalog.read { view in
            let agent = try agent.map { try view.requiredAgent($0).id }
            var judge = try judge(view)
            return try view.databases(agent: agent, named: database, withRevoked: false).map { record in
                DatabaseView(record, judge.judge(record))
            }
        }
    }

    /// When each tier of each database is due next.
    package func schedules(
        agent: String? = nil, database: String? = nil, by operator: OperatorIdentity
    ) async throws(BackupError) -> [ScheduleView] {
        try `operator`.require(.viewer, "listing schedules")
        let (now, fleet) = (world.now(), fleet)
        return try await catalog.read { view in
            let agent = try agent.map { try view.requiredAgent($0).id }
            let isFleet = try view.agents().filter { $0.revokedAt == nil }.count > 1
            let resolver = PlanResolver(configuration: fleet, isFleet: isFleet)
            return try view.databases(agent: agent, named: database, withRevoked: false).flatMap { record in
                resolver.selection(record).flatMap { policy, tiers in
                    tiers.map { tier in
                        let next = tier.schedule.next(after: now)
                        let spread = TimeInterval(resolver.spread(policy, agent: record.agent))
                        return ScheduleView(
                            policy: policy.name, agent: record.agentName, database: record.name, tier: tier.tier,
                            schedule: tier.schedule.cron.text, timeZone: policy.timeZone,
                            nextAt: next == .distantFuture ? nil : next,
                            effectiveAt: next == .distantFuture ? nil : next + spread)
                    }
                }
            }
        }
    }

    /// A judge of databases at this instant, to be made within the read that it judges.
    func judge(at now: Date) -> @Sendable (CatalogView) throws -> ProtectionJudge {
        let fleet = fleet
        let heard = presence.running()
        return { view in
            let live = Set(heard.values.joined().map(\.run))
            // A run that was only just asked for, or whose agent told of it minutes ago, is at work too.
            let busy = try view.openRuns().filter { run in
                // However lively: after hours it hides no longer that there is no backup.
                run.state == .running && now.timeIntervalSince(run.recordedAt) < SilenceRule.lost
                    && (live.contains(run.id) || now.timeIntervalSince(run.heardAt) < SilenceRule.unknown)
            }
            let resolver = PlanResolver(configuration: fleet, isFleet: true)
            return ProtectionJudge(
                resolver: resolver, now: now, busy: Dictionary(grouping: busy, by: \.database),
                tiers: try view.tierSummaries(), failed: try view.openIncidentKeys(kind: IncidentKind.failed))
        }
    }
}

/// For how long a run may be silent, in seconds.
enum SilenceRule {
    static let unknown: TimeInterval = 600
    /// For so long an agent that is online has to take a restore.
    static let restore: TimeInterval = 120
    static let lost: TimeInterval = 6 * 3600
}

extension DatabaseView {
    init(_ record: DatabaseRecord, _ protection: Protection) {
        self.init(
            name: record.name, agent: record.agentName, kind: record.kind, state: protection.state,
            lastGoodAt: record.lastGoodAt, lastGoodBackup: record.lastGoodBackup, nextAt: protection.nextAt,
            rpoSeconds: protection.rpoSeconds, rpoMet: protection.rpoMet, proof: record.lastGoodProof,
            lastError: record.lastError, policies: protection.policies, sizeBytes: record.sizeBytes,
            serverVersion: record.serverVersion, problem: record.problem, labels: record.allLabels)
        retiredAt = record.retiredAt
    }
}
