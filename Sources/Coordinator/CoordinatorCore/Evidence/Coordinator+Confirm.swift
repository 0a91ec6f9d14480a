import Archive
import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

// Proof level 0: the coordinator looks for itself whether each object of a copy in S3 is there, with its size and with what the
// store says of its bytes. Copies in directories lie out of its sight; it asks their agent.
extension Coordinator {
    /// Looks at all copies that no one but their agent has seen. Those that cannot be looked at now wait for the next time.
    func confirmCopies() async throws(BackupError) {
        var unreachable: Set<UUID> = []
        while !Task.isCancelled {
            let limit = 100 + unreachable.count
            let backups = try await catalog.read { try $0.unconfirmedBackups(limit: limit) }.filter {
                !unreachable.contains($0)
            }
            guard !backups.isEmpty else { return }
            for backup in backups where try await !confirm(backup) { unreachable.insert(backup) }
        }
    }

    /// Whether every copy could be judged.
    private func confirm(_ id: UUID) async throws(BackupError) -> Bool {
        let found = try await catalog.read { view in
            try view.backup(id).map { backup in
                // A dump that was adopted is stored long after it was made.
                (
                    backup, try view.copies(of: id).filter { $0.state == .stored && $0.seenAt == nil },
                    try view.manifest(of: id)?.adopted != nil
                )
            }
        }
        guard let (backup, copies, isAdopted) = found else { return true }
        var isJudged = true
        for copy in copies where copy.place.s3 != nil {
            do throws(BackupError) {
                try await look(at: copy, of: backup, made: isAdopted ? nil : made(backup))
            } catch  where error.code != .cancelled {
                logger.warning("copy not confirmed", metadata: ["backup": "\(id)", "error": "\(error)"])
                isJudged = false
            }
        }
        return isJudged
    }

    /// Looks at one copy in a bucket, now, and notes what that means. Throws when it could not be looked at.
    @discardableResult
    func look(
        at copy: CopyRecord, of backup: BackupRecord, made: ClosedRange<Date>? = nil
    ) async throws(BackupError) -> CopySight {
        guard let s3 = current(copy.place).s3 else {
            throw BackupError(.configuration, "\(copy.place.name) is no bucket")
        }
        let (openS3, clocks) = (world.openS3, clocks)
        let now = world.now
        let sight = try await onThread { () throws(BackupError) in
            try CopyLook(store: try openS3(s3), copy: copy, made: made) { clocks.note($0, of: s3.store, at: now()) }
                .take()
        }
        try await judge(sight, copy, of: backup.id)
        return sight
    }

    func judge(_ sight: CopySight, _ copy: CopyRecord, of id: UUID) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            guard let backup = try update.backup(id) else { return }
            try CopyJudgement(update: update, channels: channels, now: now).saw(sight, backup, copy.place.name)
        }
        if case .whole(_, _, nil) = sight { return }
        bells.ring(.alerts)
    }

    /// When the objects of a backup can have been made, by any of the clocks that took part.
    private func made(_ backup: BackupRecord) -> ClosedRange<Date> {
        let tolerated = EvidenceRule.clocks
        let end = max(backup.recordedAt, backup.finishedAt) + tolerated
        return min(backup.startedAt - tolerated, end)...end
    }
}

/// How far evidence is believed, in seconds.
enum EvidenceRule {
    /// Clocks that agree differ by no more than this.
    static let clocks: TimeInterval = 600
    /// How often every folder is compared with the catalog.
    static let round: TimeInterval = 3600
    /// A copy that nobody saw for so long is looked for.
    static let stale: TimeInterval = 86_400
    /// What is unknown for so long is no work under way.
    static let stray: TimeInterval = 86_400
    /// Bytes that are read in a day because nothing else tells them from others.
    static let dailyBytes: Int64 = 100 << 30
}
