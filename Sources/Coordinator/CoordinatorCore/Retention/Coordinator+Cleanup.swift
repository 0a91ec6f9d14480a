import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// What retention would keep and delete now, each with its reason.
    package func cleanupPlan(by operator: OperatorIdentity) async throws(BackupError) -> CleanupView {
        try `operator`.require(.viewer, "looking at the cleanup plan")
        let (now, fleet, doubt) = (world.now(), fleet, clockDoubt())
        return try await catalog.read { view in
            try RetentionOutlook(view, fleet, clockDoubt: doubt, now: now).shown(view, at: now)
        }
    }

    /// Does what ``cleanupPlan(by:)`` showed, and nothing else: throws `.busy` when the plan is another by now, or when
    /// retention is suspended.
    package func cleanup(
        _ request: CleanupRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> CleanupResult {
        try `operator`.require(.admin, "cleaning up")
        return try await cleanup(digest: request.digest, isAutomatic: false, requestedBy: `operator`.tokenId)
    }

    /// Runs retention without asking, at most once a day.
    func cleanupIfDue() async throws(BackupError) {
        guard try DefaultFleet.autoCleanup(world.environment) else { return }
        let (now, fleet, doubt) = (world.now(), fleet, clockDoubt())
        let digest = try await catalog.write { update -> String? in
            let last = try update.setting(SettingName.lastCleanup).flatMap(Timestamp.date)
            guard last.map({ now.timeIntervalSince($0) >= 86_400 }) ?? true else { return nil }
            guard doubt == nil, try HighWater.suspicion(of: now, update) == nil else { return nil }
            try update.set(Timestamp.text(now), for: SettingName.lastCleanup)
            return try RetentionOutlook(update, fleet, isAutomatic: true, clockDoubt: doubt, now: now).digest
        }
        guard let digest else { return }
        let result = try await cleanup(digest: digest, isAutomatic: true, requestedBy: "auto cleanup")
        logger.info(
            "cleaned up", metadata: ["deleted": "\(result.deleted.count)", "pending": "\(result.pending.count)"])
    }

    private func cleanup(
        digest: String, isAutomatic: Bool, requestedBy: String
    ) async throws(BackupError) -> CleanupResult {
        let (now, fleet, doubt) = (world.now(), fleet, clockDoubt())
        // The tombstones are durable before the first object goes: a crash at any point is taken up where it was.
        let doomed = try await catalog.write { update in
            let outlook = try RetentionOutlook(
                update, fleet, isAutomatic: isAutomatic, clockDoubt: doubt, now: now)
            if let suspended = outlook.suspended { throw BackupError(.busy, "cleanup is suspended: \(suspended)") }
            guard outlook.digest == digest else {
                throw BackupError(.busy, "what would be deleted has changed since it was shown; look at it again")
            }
            for backup in outlook.deletions {
                try update.setState(.deleting, of: backup, at: now)
                try update.audit(requestedBy, "delete", backup.id.uuidString.lowercased(), at: now)
            }
            try HighWater.note(now, in: update)
            return outlook.deletions
        }
        return try await carryOut(doomed, requestedBy: requestedBy)
    }

    /// The agents' clocks against ours: when most of them disagree by an hour, ours may be the wrong one.
    func clockDoubt() -> String? {
        let skews = presence.sightings().values.map { abs($0.clockSkewMilliseconds) }.sorted()
        guard !skews.isEmpty, skews[skews.count / 2] > 3_600_000 else { return nil }
        return "the clocks of most agents differ by more than an hour from the coordinator's"
    }
}
