import Catalog
import Domain
import Foundation
import Wire

/// What retention would do with the backups of one database.
struct DatabaseRetention {
    let database: DatabaseRecord
    private(set) var items: [CleanupItem] = []
    private(set) var deletions: [BackupRecord] = []
    /// What has to be there for the deletions to be right.
    private(set) var justifying: [UUID] = []
    private let copies: [UUID: CopySummary]
    private let backups: [BackupRecord]
    private let isRevoked: Bool
    private let maxDeleteShare: Double

    init(
        _ view: CatalogView, _ fleet: FleetConfiguration, _ resolver: PlanResolver, _ database: DatabaseRecord,
        inUse: Set<UUID>, now: Date
    ) throws {
        self.database = database
        backups = try view.backups(ofDatabase: database.id).filter { $0.state != .deleting }
        let copies = try view.copySummaries(ofDatabase: database.id)
        self.copies = copies
        isRevoked = try view.agent(database.agent)?.revokedAt != nil
        maxDeleteShare = fleet.retention.maxDeleteShare
        let held = Set(
            try view.openIncidents(ofDatabase: database.id, kinds: [IncidentKind.shrunk]).compactMap(
                \.condition.subject))
        let candidates = backups.map { backup in
            let copies = copies[backup.id]
            return RetentionCandidate(
                id: backup.id, source: .init(agent: database.agent, database: database.name),
                tiers: Set(backup.tiers), recordedAt: backup.recordedAt, snapshotAt: backup.snapshotAt,
                isGood: backup.state == .good, hasWholeCopy: copies?.hasWhole ?? false,
                isConfirmed: !(copies?.isUnconfirmed ?? false), isPinned: backup.pinned,
                isInUse: inUse.contains(backup.id), isHeld: held.contains(backup.id))
        }
        let policy = try Self.policy(for: database, backups, resolver)
        let byID = Dictionary(uniqueKeysWithValues: backups.map { ($0.id, $0) })
        var kept: [UUID: RetentionVerdict] = [:]
        // What lies elsewhere has a newest and a floor of its own: what lies on the host only its agent has seen, which may have been
        // taken over, or be gone for good.
        let remote = candidates.filter { copies[$0.id]?.hasWholeRemote ?? false }
        for decision in RetentionPlan(for: remote, policy: policy, now: now).decisions
        where !decision.verdict.isDeletion { kept[decision.candidate.id] = decision.verdict }
        var doomedTiers: Set<Tier> = []
        let decisions = RetentionPlan(for: candidates, policy: policy, now: now).decisions.compactMap { decision in
            byID[decision.candidate.id].map { ($0, decision.candidate, kept[$0.id] ?? decision.verdict) }
        }
        for (backup, candidate, verdict) in decisions {
            items.append(item(backup, verdict))
            guard verdict.isDeletion else { continue }
            deletions.append(backup)
            doomedTiers.formUnion(candidate.tiers)
        }
        let standing = Self.standing(candidates, policy).union(Self.standing(remote, policy))
        justifying = decisions.compactMap { backup, candidate, verdict in
            guard !verdict.isDeletion, standing.contains(backup.id) || justifies(verdict, candidate, doomedTiers) else {
                return nil
            }
            // What lies on a host that left the fleet nobody can look at, and nothing stands on it.
            return !isRevoked || copies[backup.id]?.hasWholeRemote ?? false ? backup.id : nil
        }
    }

    /// The newest good one and the floor, whatever else keeps them: it is because they are there that older ones may go.
    private static func standing(_ newestFirst: [RetentionCandidate], _ policy: RetentionPolicy) -> Set<UUID> {
        Set(newestFirst.filter { $0.isGood && $0.isConfirmed }.prefix(max(1, policy.floor)).map(\.id))
    }

    private func justifies(_ verdict: RetentionVerdict, _ candidate: RetentionCandidate, _ doomed: Set<Tier>) -> Bool {
        switch verdict {
        case .delete: false
        case .keep(.newestGood), .keep(.floor), .keep(.lastRestorable): true
        case .keep(.young): candidate.isGood && candidate.isConfirmed && !candidate.tiers.isDisjoint(with: doomed)
        case .keep: false
        }
    }

    private func item(_ backup: BackupRecord, _ verdict: RetentionVerdict) -> CleanupItem {
        CleanupItem(
            backup: backup.id, agent: database.agentName, database: database.name, tiers: backup.tiers,
            nominalAt: backup.nominalAt, recordedAt: backup.recordedAt, storedBytes: backup.storedBytes,
            delete: verdict.isDeletion, reason: verdict.description, snapshotAt: backup.snapshotAt)
    }

    /// Leaves what nothing in the configuration says any more how long it is kept: a person may delete it by the standard, and
    /// the coordinator by itself may not (P2).
    mutating func keepUnforeseen(_ fleet: FleetConfiguration, needsStatedKeep: Bool) {
        deletions.removeAll { backup in
            guard let policy = fleet.policy(named: backup.policy) else { return true }
            return !backup.tiers.allSatisfy { tier in
                tier == .manual || policy.tiers.contains { $0.tier == tier && ($0.isKeepStated || !needsStatedKeep) }
            }
        }
    }

    /// Why nothing of it is to be deleted just now; nil when it may.
    func obstacle(
        _ view: CatalogView, _ circumstances: RetentionOutlook.Circumstances, isHeld: Bool
    ) throws -> RestingDatabase? {
        if isHeld {
            return .init(
                database: database, cause: .incident("two hosts speak as its agent (see `holdfast alert list`)"))
        }
        let open = try view.openIncidents(ofDatabase: database.id, kinds: IncidentKind.evidence)
        if let first = open.first(where: { $0.acknowledgedAt == nil }) {
            return .init(
                database: database,
                cause: .incident(
                    "alert \(first.id) is open: \(first.condition.detail.prefix(200))"))
        }
        if circumstances.isAutomatic,
            let words = share(since: circumstances.waiting[database.id] ?? circumstances.lastAutomatic)
        {
            return .init(database: database, cause: .share(words))
        }
        guard let since = circumstances.seenSince, try deletesAnything(view) else { return nil }
        let unseen = justifying.filter { id in
            guard let seen = copies[id]?.seenAt else { return true }
            return seen < since
        }
        guard let first = unseen.first else { return nil }
        return .init(
            database: database,
            cause: .unseen(
                "\(CountText.of(unseen.count, "backup")) that would stay could not be looked at (\(first.uuidString.lowercased()) for "
                    + "one): its store or its agent is out of reach"))
    }

    /// A wrong configuration shows as many deletions at once. What came since the last time, if there was one, may always go.
    private func share(since last: Date?) -> String? {
        let fresh = last.map { last in backups.count { $0.recordedAt > last } } ?? 0
        let most = max(fresh, Int(Double(backups.count) * maxDeleteShare))
        guard deletions.count > most else { return nil }
        return "\(deletions.count) of its \(backups.count) backups would go at once, more than "
            + "\(Int((maxDeleteShare * 100).rounded())) %: look at it with `holdfast cleanup --dry-run`, and delete them with "
            + "`holdfast cleanup`"
    }

    /// Files on a host that left the fleet stay, whatever the catalog forgets: that needs no justification.
    private func deletesAnything(_ view: CatalogView) throws -> Bool {
        guard isRevoked else { return true }
        return try deletions.contains { backup in
            try view.copies(of: backup.id).contains { $0.place.s3 != nil && $0.state != .deleted }
        }
    }

    mutating func rest(_ resting: RestingDatabase) {
        let doomed = Dictionary(uniqueKeysWithValues: deletions.map { ($0.id, $0) })
        items = items.map { known in
            doomed[known.backup].map { item($0, .keep(.resting(resting.words))) } ?? known
        }
        deletions = []
        justifying = []
    }

    /// Of all policies that select the database or made one of its backups, the longest time for each tier and the highest
    /// floor. The standard when there is none left.
    private static func policy(
        for database: DatabaseRecord, _ backups: [BackupRecord], _ resolver: PlanResolver
    ) throws -> RetentionPolicy {
        let names = Set(backups.map(\.policy) + resolver.selection(database).map(\.policy.name))
        let policies = resolver.configuration.policies.filter { names.contains($0.name) }
        guard !policies.isEmpty else { return .standard }
        var keep: [Tier: KeepDuration] = [:]
        for tier in policies.flatMap(\.tiers) {
            guard let known = keep[tier.tier] else {
                keep[tier.tier] = tier.keep
                continue
            }
            let origin = Date(timeIntervalSince1970: 0)
            keep[tier.tier] = known.end(from: origin) < tier.keep.end(from: origin) ? tier.keep : known
        }
        return try RetentionPolicy(keep: keep, floor: policies.map(\.floor).max() ?? 3)
    }
}
