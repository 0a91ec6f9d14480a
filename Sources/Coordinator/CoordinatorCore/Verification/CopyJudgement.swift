import Catalog
import Domain
import Foundation
import Wire

/// What a check of one copy means for its backup, within one transaction.
struct CopyJudgement {
    let update: CatalogUpdate
    let channels: [String]
    let now: Date

    /// The coordinator saw every object of the copy with the right size. Proof L0 when that is so for every copy that it
    /// can see.
    func confirmed(_ backup: BackupRecord, _ destination: String) throws {
        guard try state(of: backup, destination) == .stored else { return }
        try update.setCopyState(.confirmed, error: nil, backup: backup.id, destination: destination)
        let open = try update.copies(of: backup.id).contains { $0.place.s3 != nil && $0.state == .stored }
        if !open, backup.state == .good { try update.raiseProof(.stored, of: backup, at: now) }
    }

    /// The copy was read and is what it should be. The proof rises only when no copy that the coordinator can see is left
    /// unseen, and, when there are such copies, only by its own reading.
    func sound(_ backup: BackupRecord, _ destination: String, level: ProofLevel, byCoordinator: Bool) throws {
        guard backup.state != .deleting, backup.state != .deleted,
            let state = try state(of: backup, destination), state != .deleted, state != .incomplete
        else { return }
        try update.setCopyState(.confirmed, error: nil, backup: backup.id, destination: destination)
        if backup.state == .damaged { try mend(backup) }
        let remote = try update.copies(of: backup.id).filter { $0.place.s3 != nil && $0.state != .deleted }
        guard try update.backup(backup.id)?.state != .damaged, !remote.contains(where: { $0.state == .stored }),
            byCoordinator || remote.isEmpty
        else { return }
        try update.raiseProof(level, of: backup, at: now)
    }

    /// What was missing is there again: once every copy is whole, so is the backup.
    private func mend(_ backup: BackupRecord) throws {
        guard try update.copies(of: backup.id).allSatisfy(\.isWhole),
            try update.run(backup.run)?.state == .succeeded
        else { return }
        try update.setState(.good, of: backup, at: now)
        if try update.copies(of: backup.id).allSatisfy({ $0.place.s3 == nil || $0.state == .confirmed }) {
            try update.raiseProof(.stored, of: backup, at: now)
        }
        try update.resolve(key: IncidentKey.damaged(backup.id), at: now)
    }

    /// Something of the copy is missing or changed. The backup no longer counts as good.
    func damaged(_ backup: BackupRecord, _ destination: String, finding: String) throws {
        guard backup.state != .deleting, backup.state != .deleted,
            let state = try state(of: backup, destination), state != .deleted
        else { return }
        try update.clearProof(of: backup, at: now)
        try update.setCopyState(.damaged, error: finding, backup: backup.id, destination: destination)
        try update.setState(.damaged, of: backup, at: now)
        guard let database = try update.databaseRecord(backup.database) else { return }
        try update.open(
            .damaged(backup, database, finding: "\(destination): \(finding)"), channels: channels, at: now)
    }

    private func state(of backup: BackupRecord, _ destination: String) throws -> CopyState? {
        try update.copies(of: backup.id).first { $0.place.name == destination }?.state
    }

    /// The copy is gone, as it should, or, with the reason in `stays`, is nothing that we can delete. The backup is gone with
    /// its last copy.
    func deleted(_ backup: BackupRecord, _ destination: String, stays: String? = nil) throws {
        guard backup.state == .deleting else { return }
        try update.setCopyState(.deleted, error: stays, backup: backup.id, destination: destination)
        if let agent = try update.databaseRecord(backup.database)?.agent,
            try !update.hasRefusedDeletions(agent: agent, destination: destination)
        {
            try update.resolve(key: IncidentKey.undeleted(agent, destination), at: now)
        }
        guard try update.copies(of: backup.id).allSatisfy({ $0.state == .deleted }) else { return }
        try update.setState(.deleted, of: backup, at: now)
        try update.resolve(key: IncidentKey.damaged(backup.id), at: now)
    }
}
