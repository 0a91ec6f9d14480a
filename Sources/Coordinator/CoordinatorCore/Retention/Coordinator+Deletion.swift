import Archive
import Catalog
import Domain
import Foundation
import Logging
import Storage
import Threads
import Wire

// From the tombstone to the end. Every step may be done again: after a crash, a refusal of the store, or by two at once.
extension Coordinator {
    /// Goes on with every deletion that has begun.
    func resumeDeletions() async throws(BackupError) {
        // What an older catalog wants gone may be another's by now.
        let doomed = try await catalog.read { try CatalogGap.read($0) == nil ? $0.deletingBackups() : [] }
        guard !doomed.isEmpty else { return }
        _ = try await carryOut(doomed, requestedBy: "retention")
    }

    /// Deletes S3 copies here and now, and sends commands for those in directories.
    func carryOut(_ doomed: [BackupRecord], requestedBy: String) async throws(BackupError) -> CleanupResult {
        var result = CleanupResult(deleted: [], pending: [], stays: [], bytesFreed: 0)
        for backup in doomed {
            guard !Task.isCancelled else { break }
            let copies = try await catalog.read { try $0.copies(of: backup.id) }
            for copy in copies where copy.state != .deleted {
                let pending = try await delete(copy, of: backup, requestedBy: requestedBy)
                if let pending { result.pending.append("backup \(backup.id.uuidString.lowercased()): \(pending)") }
            }
            if try await isGone(backup) { result.deleted.append(backup.id) }
            // Of the catalog, and not of what was done here: two may be at it at once.
            let end = try await catalog.read { try $0.copyEnd(of: backup) }
            result.stays += end.stays
            result.bytesFreed = Int64(clamping: Int128(result.bytesFreed) + end.bytesFreed)
        }
        return result
    }

    /// Why the copy is not gone yet, in words; nil when nothing more is to be done.
    private func delete(
        _ copy: CopyRecord, of backup: BackupRecord, requestedBy: String
    ) async throws(BackupError) -> String? {
        let place = current(copy.place)
        if let finding = try await rivalry(copy, of: backup) { return try await refuse(copy, of: backup, finding) }
        if let directory = place.directory {
            return try await order(copy, directory, of: backup, requestedBy: requestedBy)
        }
        guard let s3 = place.s3 else { return "\(place.name): a destination of an unknown kind" }
        do throws(BackupError) {
            let openS3 = world.openS3
            let finding = try await onThread { () throws(BackupError) -> String? in
                let store = try openS3(s3)
                if let finding = try Self.foreign(copy, store) { return finding }
                for key in copy.deletionKeys { try store.delete(key) }
                return nil
            }
            if let finding { return try await refuse(copy, of: backup, finding) }
        } catch {
            logger.error("cleanup failed", metadata: ["backup": "\(backup.id)", "error": "\(error)"])
            return "\(place.name): \(error.message); it is tried again"
        }
        try await markDeleted(copy, of: backup)
        return nil
    }

    /// Why an object of the copy may not go: another backup lists it as its own, too.
    private func rivalry(_ copy: CopyRecord, of backup: BackupRecord) async throws(BackupError) -> String? {
        try await catalog.read { view in
            guard let agent = try view.databaseRecord(backup.database)?.agent else { return nil }
            return try view.rival(of: copy, agent: agent).map { name, other in
                "\(name) is also listed by backup \(other.uuidString.lowercased())"
            }
        }
    }

    /// Why what lies in the bucket is not this backup; nil when its manifest is, or is gone already.
    private static func foreign(_ copy: CopyRecord, _ store: any ObjectStore) throws(BackupError) -> String? {
        guard let name = copy.objects.last?.name, name.hasSuffix(".json") else { return nil }
        let stored: Manifest
        do throws(BackupError) {
            stored = try Manifest(decoding: store.get(copy.folder + name, limit: Manifest.sizeLimit))
        } catch  where error.code == .notFound {
            return nil
        } catch  where error.code == .integrity {
            return "\(name) is no manifest that can be read"
        }
        return stored.id == copy.backup ? nil : "\(name) is of backup \(stored.id.uuidString.lowercased())"
    }

    /// Nothing of it is deleted: it is told. Once a person has said to know of it, it stays where it is for good.
    private func refuse(
        _ copy: CopyRecord, of backup: BackupRecord, _ finding: String
    ) async throws(BackupError) -> String? {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        let isKnown = try await catalog.write { update in
            guard let database = try update.databaseRecord(backup.database) else { return true }
            let words = "\(copy.place.name): it was to be deleted, and \(finding)"
            try update.open(.altered(backup, database, finding: words), finding: words, channels: channels, at: now)
            return try update.openIncident(key: IncidentKey.altered(backup.id))?.acknowledgedAt != nil
        }
        bells.ring(.alerts)
        guard isKnown else { return "\(copy.place.name): not deleted: \(finding)" }
        try await markDeleted(copy, of: backup, stays: "left where it is: \(finding)")
        return nil
    }

    private func order(
        _ copy: CopyRecord, _ directory: Destination.Directory, of backup: BackupRecord, requestedBy: String
    ) async throws(BackupError) -> String? {
        let (now, newID, channels) = (world.now(), world.uuid, fleet.alerts.channels)
        let (agent, refusal) = try await catalog.write { update -> (AgentRecord?, String?) in
            guard let database = try update.databaseRecord(backup.database),
                let agent = try update.agent(database.agent)
            else { return (nil, nil) }
            guard agent.revokedAt == nil else { return (agent, nil) }
            let refused = try update.refusedDeletions(of: backup.id, destination: copy.place.name)
            if let refused, now.timeIntervalSince(refused.first) > RefusalRule.incident {
                try update.open(
                    .undeleted(backup, database, copy.place.name, reason: refused.reason), channels: channels, at: now)
            }
            if let refused, now < RefusalRule.next(first: refused.first, last: refused.last) {
                return (agent, refused.reason)
            }
            try OperationStarter(update: update, newID: newID, now: now, requestedBy: requestedBy)
                .delete(backup, copy, directory)
            return (agent, nil)
        }
        guard let agent else { return "\(copy.place.name): its agent is not known" }
        guard agent.revokedAt == nil else {
            // Nobody can be told any more.
            let stranded = StrandedCopy(copy, on: agent.name)
            try await markDeleted(copy, of: backup, stays: stranded?.reason)
            if let stranded {
                logger.warning("not deleted, the agent was revoked", metadata: ["files": "\(stranded.line)"])
            }
            return nil
        }
        if let refusal {
            return "\(copy.place.name): \(agent.name) refused (\(refusal)); it is asked again later"
        }
        presence.wake([agent.id])
        return "\(copy.place.name): \(agent.name) has still to delete it"
    }

    private func markDeleted(
        _ copy: CopyRecord, of backup: BackupRecord, stays: String? = nil
    ) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            guard let current = try update.backup(backup.id) else { return }
            try CopyJudgement(update: update, channels: channels, now: now)
                .deleted(current, copy.place.name, stays: stays)
        }
        if stays == nil { Happening.cleanup(copy).log(to: logger) }
    }

    /// A backup without any copy left is gone, too.
    private func isGone(_ backup: BackupRecord) async throws(BackupError) -> Bool {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        return try await catalog.write { update in
            guard let current = try update.backup(backup.id) else { return true }
            if current.state == .deleting, try update.copies(of: backup.id).allSatisfy({ $0.state == .deleted }) {
                try CopyJudgement(update: update, channels: channels, now: now).gone(current)
                return true
            }
            return current.state == .deleted
        }
    }
}

extension CatalogView {
    /// What of a backup's copies is gone by now, and what stays for good.
    fileprivate func copyEnd(of backup: BackupRecord) throws -> (bytesFreed: Int128, stays: [String]) {
        let agent = try databaseRecord(backup.database)?.agentName ?? "an unknown host"
        let ended = try copies(of: backup.id).filter { $0.state == .deleted }
        let freed = ended.filter { $0.error == nil }.flatMap(\.objects).reduce(Int128(0)) { $0 + Int128($1.bytes) }
        return (freed, ended.filter { $0.error != nil }.compactMap { StrandedCopy($0, on: agent)?.line })
    }
}

/// When an agent that refused to delete something is asked again, and when a person is told, in seconds.
enum RefusalRule {
    static let incident: TimeInterval = 86_400

    /// An hour later; when it refuses for a day already, a day later.
    static func next(first: Date, last: Date) -> Date {
        last + (last.timeIntervalSince(first) < incident ? 3600 : 86_400)
    }
}
