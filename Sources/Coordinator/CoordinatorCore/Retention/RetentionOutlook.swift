import Catalog
import Domain
import Foundation
import Sealing
import Wire

/// What retention would do with everything that the catalog holds, within one read or write.
struct RetentionOutlook {
    let items: [CleanupItem]
    /// What is to be deleted, as the catalog holds it, the oldest first.
    let deletions: [BackupRecord]
    /// Why nothing is to be done just now.
    let suspended: String?

    /// `isAutomatic` when no person looks at it before it is done.
    init(
        _ view: CatalogView, _ fleet: FleetConfiguration, isAutomatic: Bool = false, clockDoubt: String?, now: Date
    ) throws {
        suspended = try clockDoubt ?? HighWater.suspicion(of: now, view)
        // A command that was not acknowledged goes down again, with fresh addresses, until it expires.
        let unheard = TimeInterval(Lifetime.restore + Lifetime.restoreAddress)
        let inUse = try view.backupsInUse(deliveredSince: now - unheard)
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        var items: [CleanupItem] = []
        var deletions: [BackupRecord] = []
        for database in try view.databases() {
            let backups = try view.backups(ofDatabase: database.id).filter { $0.state != .deleting }
            let copies = try view.copySummaries(ofDatabase: database.id)
            let isRevoked = try view.agent(database.agent)?.revokedAt != nil
            let candidates = backups.map { backup in
                let copies = copies[backup.id]
                return RetentionCandidate(
                    id: backup.id, source: .init(agent: database.agent, database: database.name),
                    tiers: Set(backup.tiers), recordedAt: backup.recordedAt, snapshotAt: backup.snapshotAt,
                    isGood: backup.state == .good, hasWholeCopy: copies?.hasWhole ?? false,
                    isConfirmed: !(copies?.isUnconfirmed ?? false), isPinned: backup.pinned,
                    isInUse: inUse.contains(backup.id))
            }
            let policy = try Self.policy(for: database, backups, resolver)
            let byID = Dictionary(uniqueKeysWithValues: backups.map { ($0.id, $0) })
            var kept: [UUID: RetentionVerdict] = [:]
            if isRevoked {
                // Nobody may ever reach that host again: what lies elsewhere has a newest and a floor of its own.
                let remote = candidates.filter { copies[$0.id]?.hasWholeRemote ?? false }
                for decision in RetentionPlan(for: remote, policy: policy, now: now).decisions
                where !decision.verdict.isDeletion { kept[decision.candidate.id] = decision.verdict }
            }
            for decision in RetentionPlan(for: candidates, policy: policy, now: now).decisions {
                guard let backup = byID[decision.candidate.id] else { continue }
                let verdict = kept[backup.id] ?? decision.verdict
                items.append(Self.item(backup, database, verdict))
                guard verdict.isDeletion, !isAutomatic || Self.isForeseen(backup, fleet) else { continue }
                deletions.append(backup)
            }
        }
        self.items = items
        self.deletions = deletions.sorted { ($0.recordedAt, $0.id.uuidString) < ($1.recordedAt, $1.id.uuidString) }
    }

    /// The same for the same deletions, whatever the time says of their age.
    var digest: String {
        hex(sha256(Array(deletions.map(\.id.uuidString).sorted().joined(separator: "\n").utf8)))
    }

    /// With what the deletions will free, and what of them will stay on hosts that have left the fleet.
    func shown(_ view: CatalogView, at now: Date) throws -> CleanupView {
        let revoked = Set(try view.agents().filter { $0.revokedAt != nil }.map(\.id))
        let databases = Dictionary(uniqueKeysWithValues: try view.databases().map { ($0.id, $0) })
        var bytes: Int128 = 0
        var stays: [String] = []
        for backup in deletions {
            guard let database = databases[backup.database] else { continue }
            for copy in try view.copies(of: backup.id) where copy.state != .deleted {
                if copy.place.s3 == nil, revoked.contains(database.agent) {
                    if let stranded = StrandedCopy(copy, on: database.agentName) { stays.append(stranded.line) }
                } else {
                    bytes = copy.objects.reduce(bytes) { $0 + Int128($1.bytes) }
                }
            }
        }
        return CleanupView(
            digest: digest, at: now, items: items, bytesFreed: Int64(clamping: bytes), stays: stays,
            suspended: suspended)
    }

    private static func item(_ backup: BackupRecord, _ database: DatabaseRecord, _ verdict: RetentionVerdict)
        -> CleanupItem
    {
        CleanupItem(
            backup: backup.id, agent: database.agentName, database: database.name, tiers: backup.tiers,
            nominalAt: backup.nominalAt, recordedAt: backup.recordedAt, storedBytes: backup.storedBytes,
            delete: verdict.isDeletion, reason: verdict.description)
    }

    /// Whether the configuration still says how long each of its tiers is kept. Where it does not, because a policy or a tier
    /// was removed, the standard is a guess that a person may delete by, and the coordinator by itself may not (P2).
    private static func isForeseen(_ backup: BackupRecord, _ fleet: FleetConfiguration) -> Bool {
        guard let policy = fleet.policy(named: backup.policy) else { return false }
        return backup.tiers.allSatisfy { tier in tier == .manual || policy.tiers.contains { $0.tier == tier } }
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
