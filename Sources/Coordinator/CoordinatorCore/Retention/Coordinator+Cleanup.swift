import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// What retention would keep and delete now, each with its reason.
    package func cleanupPlan(by operator: OperatorIdentity) async throws(BackupError) -> CleanupView {
        try `operator`.require(.viewer, "looking at the cleanup plan")
        let (fleet, circumstances) = (fleet, circumstances())
        return try await catalog.read { view in
            try RetentionOutlook(view, fleet, circumstances).shown(view, at: circumstances.now)
        }
    }

    /// Does what ``cleanupPlan(by:)`` showed, and nothing else: throws `.busy` when the plan is another by now, or when
    /// retention is suspended. What would let backups go is looked at first, at its store; where that is not as it should be,
    /// or cannot be looked at, the database is left alone and told in `rests`.
    package func cleanup(
        _ request: CleanupRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> CleanupResult {
        try `operator`.require(.admin, "cleaning up")
        let (fleet, circumstances) = (fleet, circumstances())
        let plan = try await catalog.read { view in
            let outlook = try RetentionOutlook(view, fleet, circumstances)
            if let suspended = outlook.suspended { throw BackupError(.busy, "cleanup is suspended: \(suspended)") }
            guard outlook.digest == request.digest else {
                throw BackupError(.busy, "what would be deleted has changed since it was shown; look at it again")
            }
            return outlook
        }
        return try await carryOut(plan, circumstances, requestedBy: `operator`.tokenId) { _, _ in }
    }

    /// By hand: a person looks at it before it is done.
    private func circumstances() -> RetentionOutlook.Circumstances {
        .init(clockDoubt: clockContradiction(), now: world.now())
    }

    /// From a plan to what was done. `also` is done in the transaction that makes the tombstones, with what rests by then.
    func carryOut(
        _ plan: RetentionOutlook, _ circumstances: RetentionOutlook.Circumstances, requestedBy: String,
        also: @escaping @Sendable (CatalogUpdate, [RestingDatabase]) throws -> Void
    ) async throws(BackupError) -> CleanupResult {
        try await lookNow(at: plan.justifying)
        var since = circumstances
        // The catalog keeps whole milliseconds.
        since.seenSince = circumstances.now - 0.001
        let (fleet, now) = (fleet, world.now())
        let planned = Set(plan.deletions.map(\.id))
        // The tombstones are durable before the first object goes: a crash at any point is taken up where it was.
        let (doomed, resting) = try await catalog.write { [since] update in
            let outlook = try RetentionOutlook(update, fleet, since)
            if let suspended = outlook.suspended { throw BackupError(.busy, "cleanup is suspended: \(suspended)") }
            let doomed = outlook.deletions.filter { planned.contains($0.id) }
            for backup in doomed {
                try update.setState(.deleting, of: backup, at: now)
                try update.audit(requestedBy, "delete", backup.id.uuidString.lowercased(), at: now)
            }
            try HighWater.note(now, in: update)
            try also(update, outlook.resting)
            return (doomed, outlook.resting)
        }
        var result = try await carryOut(doomed, requestedBy: requestedBy)
        result.rests = resting.isEmpty ? nil : resting.map(\.line)
        return result
    }
}
