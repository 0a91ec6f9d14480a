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
        let doomed = try await catalog.read { try $0.deletingBackups() }
        guard !doomed.isEmpty else { return }
        _ = try await carryOut(doomed, requestedBy: "retention")
    }

    /// Deletes S3 copies here and now, and sends commands for those in directories.
    func carryOut(_ doomed: [BackupRecord], requestedBy: String) async throws(BackupError) -> CleanupResult {
        var result = CleanupResult(deleted: [], pending: [], stays: [], bytesFreed: 0)
        var stranded = StrandedCopies()
        for backup in doomed {
            guard !Task.isCancelled else { break }
            let copies = try await catalog.read { try $0.copies(of: backup.id) }
            for copy in copies where copy.state != .deleted {
                switch try await delete(copy, of: backup, requestedBy: requestedBy) {
                case .gone:
                    let bytes = copy.objects.reduce(Int128(result.bytesFreed)) { $0 + Int128($1.bytes) }
                    result.bytesFreed = Int64(clamping: bytes)
                case .waits(let why): result.pending.append("backup \(backup.id.uuidString.lowercased()): \(why)")
                case .stays(let agent): stranded.add(copy, on: agent)
                }
            }
            if try await isGone(backup) { result.deleted.append(backup.id) }
        }
        result.stays = stranded.lines
        return result
    }

    /// What became of a copy that is to be deleted.
    private enum CopyFate {
        case gone
        /// Not yet, with the reason.
        case waits(String)
        /// Its host has left the fleet under this agent's name, and nobody can be told to delete it.
        case stays(String)
    }

    private func delete(
        _ copy: CopyRecord, of backup: BackupRecord, requestedBy: String
    ) async throws(BackupError) -> CopyFate {
        let place = current(copy.place)
        if let directory = place.directory {
            return try await order(copy, directory, of: backup, requestedBy: requestedBy)
        }
        guard let s3 = place.s3 else { return .waits("\(place.name): a destination of an unknown kind") }
        do throws(BackupError) {
            let openS3 = world.openS3
            try await onThread { () throws(BackupError) in
                let store = try openS3(s3)
                for key in copy.deletionKeys { try store.delete(key) }
            }
        } catch {
            logger.warning("copy not deleted", metadata: ["backup": "\(backup.id)", "error": "\(error)"])
            return .waits("\(place.name): \(error.message); it is tried again")
        }
        try await markDeleted(copy, of: backup)
        return .gone
    }

    private func order(
        _ copy: CopyRecord, _ directory: Destination.Directory, of backup: BackupRecord, requestedBy: String
    ) async throws(BackupError) -> CopyFate {
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
        guard let agent else { return .waits("\(copy.place.name): its agent is not known") }
        guard agent.revokedAt == nil else {
            try await markDeleted(copy, of: backup, stays: "the files stay on \(agent.name): it was revoked")
            return .stays(agent.name)
        }
        if let refusal {
            return .waits("\(copy.place.name): \(agent.name) refused (\(refusal)); it is asked again later")
        }
        presence.wake([agent.id])
        return .waits("\(copy.place.name): \(agent.name) has still to delete it")
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
    }

    /// A backup without any copy left is gone, too.
    private func isGone(_ backup: BackupRecord) async throws(BackupError) -> Bool {
        let now = world.now()
        return try await catalog.write { update in
            guard let current = try update.backup(backup.id) else { return true }
            if current.state == .deleting, try update.copies(of: backup.id).allSatisfy({ $0.state == .deleted }) {
                try update.setState(.deleted, of: current, at: now)
                try update.resolve(key: IncidentKey.damaged(backup.id), at: now)
                return true
            }
            return current.state == .deleted
        }
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
