import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

// Proof level 0: the coordinator looks for itself whether each object of a copy in S3 is there with the right size. Copies
// in directories lie out of its sight; for those their agent's confirmation stands until they are verified.
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
    private func confirm(_ backup: UUID) async throws(BackupError) -> Bool {
        let copies = try await catalog.read { try $0.copies(of: backup).filter { $0.state == .stored } }
        var isJudged = true
        for copy in copies {
            guard let s3 = current(copy.place).s3 else { continue }
            let finding: String?
            do throws(BackupError) {
                let openS3 = world.openS3
                finding = try await onThread { () throws(BackupError) in
                    try Self.finding(copy, try openS3(s3))
                }
            } catch {
                logger.warning("copy not confirmed", metadata: ["backup": "\(backup)", "error": "\(error)"])
                isJudged = false
                continue
            }
            try await judge(backup, copy, finding)
        }
        return isJudged
    }

    private func judge(_ id: UUID, _ copy: CopyRecord, _ finding: String?) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            guard let backup = try update.backup(id) else { return }
            let judgement = CopyJudgement(update: update, channels: channels, now: now)
            if let finding {
                try judgement.damaged(backup, copy.place.name, finding: finding)
            } else {
                try judgement.confirmed(backup, copy.place.name)
            }
        }
        if finding != nil { bells.ring(.alerts) }
    }

    /// An answer without a body cannot say whether it is the object that is missing, or the bucket: asked again for one.
    private static func absence(
        of name: String, _ key: String, _ store: any ObjectStore
    ) throws(BackupError) -> String {
        do throws(BackupError) {
            _ = try store.get(key, limit: 1 << 16)
        } catch  where error.code == .notFound {
            return "\(name) is missing"
        } catch  where error.code == .integrity {
            // There, and larger than what is read here.
        }
        throw BackupError(
            .storageUnavailable, "looking at \(name): the store says that it is there, and that it is not")
    }

    /// What is wrong with the copy; nil when nothing is. Throws what keeps it from being looked at.
    private static func finding(_ copy: CopyRecord, _ store: any ObjectStore) throws(BackupError) -> String? {
        for object in copy.objects {
            let facts: ObjectFacts
            do throws(BackupError) {
                facts = try store.head(copy.folder + object.name)
            } catch  where error.code == .notFound {
                return try absence(of: object.name, copy.folder + object.name, store)
            }
            guard facts.bytes == object.bytes else {
                return "\(object.name) has \(facts.bytes) bytes instead of \(object.bytes)"
            }
            guard object.etag.isEmpty || facts.etag == object.etag else {
                return "\(object.name) was replaced: its ETag is another"
            }
        }
        return nil
    }
}
