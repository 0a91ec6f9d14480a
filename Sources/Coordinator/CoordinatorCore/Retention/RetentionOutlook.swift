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
    /// Backups whose being there is what lets others go (newest good, floor, survivors of the tiers): to be looked at before
    /// anything is deleted.
    let justifying: [UUID]
    /// Databases of which nothing is deleted just now although something would go, each with the reason.
    let resting: [RestingDatabase]
    /// Why nothing at all is to be done just now.
    let suspended: String?

    /// What decides beside the backups.
    struct Circumstances {
        /// Whatever keeps a database from being cleaned just now is over one day.
        var isForecast = false
        /// No person looks at it before it is done.
        var isAutomatic = false
        /// Only what somebody wrote down how long to keep goes by itself.
        var needsStatedKeep = true
        /// Why the clock is not to be trusted.
        var clockDoubt: String?
        /// What justifies a deletion must have been seen since then; nil while it is only shown.
        var seenSince: Date?
        /// When it was last done by itself: what came since may go, however much it is.
        var lastAutomatic: Date?
        /// The same of databases that could not be looked at then.
        var waiting: [Int64: Date] = [:]
        var now: Date
    }

    init(_ view: CatalogView, _ fleet: FleetConfiguration, _ circumstances: Circumstances) throws {
        let now = circumstances.now
        suspended = try CatalogGap.suspicion(view) ?? circumstances.clockDoubt ?? HighWater.suspicion(of: now, view)
        // A command that was not acknowledged goes down again, with fresh addresses, until it expires.
        let unheard = TimeInterval(Lifetime.restore + Lifetime.restoreWork)
        let inUse = try view.backupsInUse(deliveredSince: now - unheard)
        let held = try view.heldAgents()
        let resolver = PlanResolver(configuration: fleet, isFleet: true)
        var items: [CleanupItem] = []
        var deletions: [BackupRecord] = []
        var justifying: [UUID] = []
        var resting: [RestingDatabase] = []
        for database in try view.databases() {
            var part = try DatabaseRetention(view, fleet, resolver, database, inUse: inUse, now: now)
            if circumstances.isAutomatic { part.keepUnforeseen(fleet, needsStatedKeep: circumstances.needsStatedKeep) }
            if !part.deletions.isEmpty, !circumstances.isForecast,
                let reason = try part.obstacle(view, circumstances, isHeld: held.contains(database.agent))
            {
                part.rest(reason)
                resting.append(reason)
            }
            items += part.items
            deletions += part.deletions
            if !part.deletions.isEmpty { justifying += part.justifying }
        }
        self.items = items
        self.deletions = deletions.sorted { ($0.recordedAt, $0.id.uuidString) < ($1.recordedAt, $1.id.uuidString) }
        self.justifying = justifying
        self.resting = resting
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
            suspended: suspended, rests: resting.map(\.line))
    }
}

/// A database of which nothing is deleted just now, and why.
struct RestingDatabase: Sendable, Equatable {
    enum Cause: Sendable, Equatable {
        /// What is known of its backups, or of its agent, has to be looked at by a person first.
        case incident(String)
        /// It could not be looked at.
        case unseen(String)
        /// More would go than goes by itself.
        case share(String)
    }

    let database: DatabaseRecord
    let cause: Cause

    var words: String {
        switch cause {
        case .incident(let words), .unseen(let words), .share(let words): words
        }
    }

    var line: String { "\(database.name) on \(database.agentName): \(words)" }
}
