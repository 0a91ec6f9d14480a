import Catalog
import Domain
import Foundation
import Wire

/// What a check of one copy means for its backup, within one transaction.
struct CopyJudgement {
    let update: CatalogUpdate
    let channels: [String]
    let now: Date

    /// Somebody looked at the copy, without reading it.
    func saw(_ sight: CopySight, _ backup: BackupRecord, _ destination: String) throws {
        switch sight {
        case .whole(let evidence, let marks, let remark):
            try whole(backup, destination, evidence, marks)
            if let remark, backup.isLive, let database = try update.databaseRecord(backup.database) {
                let words = "\(destination): \(remark)"
                try update.open(
                    .altered(backup, database, finding: words), finding: words, channels: channels, at: now)
            }
        case .missing(let finding): try unsound(backup, destination, .missing, finding: finding)
        case .changed(let finding): try unsound(backup, destination, .damaged, finding: finding)
        }
    }

    /// Proof L0 when every copy that the coordinator can see was seen by more than its size. What was missing and is there
    /// again counts again; what was damaged does so only after it was read.
    private func whole(
        _ backup: BackupRecord, _ destination: String, _ evidence: CopyEvidence, _ marks: [String: String]
    ) throws {
        guard backup.isLive, let copy = try copy(of: backup, destination), copy.isWhole || copy.state == .missing
        else { return }
        try update.noteSeen(evidence, backup: backup.id, destination: destination, at: now)
        try update.setMarks(marks, backup: backup.id, destination: destination)
        let isKnown = copy.place.s3 != nil && evidence > .size
        let state = copy.state == .confirmed || isKnown ? CopyState.confirmed : .stored
        if copy.state != state {
            try update.setCopyState(state, error: nil, backup: backup.id, destination: destination)
        }
        if copy.state == .missing { try mend(backup) }
        let open = try update.copies(of: backup.id).contains { $0.place.s3 != nil && $0.state == .stored }
        guard try !open && update.backup(backup.id)?.state == .good else { return }
        if backup.proof == nil { try update.raiseProof(.stored, of: backup, at: now) }
    }

    /// The copy was read and is what it should be. The proof rises only when no copy that the coordinator can see is left
    /// unseen, and, when there are such copies, only by its own reading.
    func sound(_ backup: BackupRecord, _ destination: String, level: ProofLevel, byCoordinator: Bool) throws {
        guard backup.isLive, let copy = try copy(of: backup, destination), copy.state != .deleted,
            copy.state != .incomplete
        else { return }
        try update.noteSeen(.read, backup: backup.id, destination: destination, at: now)
        try update.setCopyState(.confirmed, error: nil, backup: backup.id, destination: destination)
        if backup.state == .damaged || backup.state == .missing { try mend(backup) }
        let remote = try update.copies(of: backup.id).filter { $0.place.s3 != nil && $0.state != .deleted }
        guard let state = try update.backup(backup.id)?.state, state == .good || state == .partial,
            !remote.contains(where: { $0.state == .stored }), byCoordinator || remote.isEmpty
        else { return }
        try update.raiseProof(level, of: backup, at: now)
    }

    /// Something of it is there again: once every copy is whole, so is the backup.
    private func mend(_ backup: BackupRecord) throws {
        let copies = try update.copies(of: backup.id).filter { $0.state != .deleted }
        let state: BackupState =
            if copies.contains(where: { $0.state == .damaged }) {
                .damaged
            } else if copies.contains(where: { $0.state == .missing }) {
                .missing
            } else if try update.run(backup.run)?.state == .succeeded, copies.allSatisfy(\.isWhole) {
                .good
            } else {
                .partial
            }
        try update.setState(state, of: backup, at: now)
        if state == .good, copies.allSatisfy({ $0.place.s3 == nil || $0.state == .confirmed }) {
            try update.raiseProof(.stored, of: backup, at: now)
        }
        if state != .damaged { try update.recover(IncidentKey.damaged(backup.id), at: now) }
        if state == .good || state == .partial { try update.recover(IncidentKey.missing(backup.id), at: now) }
    }

    /// Something of the copy is missing or changed. The backup no longer counts as good.
    func damaged(_ backup: BackupRecord, _ destination: String, finding: String) throws {
        try unsound(backup, destination, .damaged, finding: finding)
    }

    private func unsound(
        _ backup: BackupRecord, _ destination: String, _ state: CopyState, finding: String
    ) throws {
        guard backup.isLive, let copy = try copy(of: backup, destination), copy.state != .deleted,
            copy.state != .incomplete
        else { return }
        // What was changed, and went away since, is told as it was found first.
        let state = copy.state == .damaged ? .damaged : state
        try update.clearProof(of: backup, at: now)
        try update.setCopyState(state, error: finding, backup: backup.id, destination: destination)
        let isDamaged = try update.copies(of: backup.id).contains { $0.state == .damaged }
        try update.setState(isDamaged ? .damaged : .missing, of: backup, at: now)
        guard let database = try update.databaseRecord(backup.database) else { return }
        let words = "\(destination): \(finding)"
        try update.open(
            state == .damaged
                ? .damaged(backup, database, finding: words) : .missing(backup, database, finding: words),
            finding: words, channels: channels, at: now)
    }

    private func copy(of backup: BackupRecord, _ destination: String) throws -> CopyRecord? {
        try update.copies(of: backup.id).first { $0.place.name == destination }
    }

    /// The copy is gone, as it should, or, with the reason in `stays`, is nothing that we can delete. The backup is gone with
    /// its last copy.
    func deleted(_ backup: BackupRecord, _ destination: String, stays: String? = nil) throws {
        guard backup.state == .deleting else { return }
        try update.setCopyState(.deleted, error: stays, backup: backup.id, destination: destination)
        if let agent = try update.databaseRecord(backup.database)?.agent,
            try !update.hasRefusedDeletions(agent: agent, destination: destination)
        {
            try update.recover(IncidentKey.undeleted(agent, destination), at: now)
        }
        guard try update.copies(of: backup.id).allSatisfy({ $0.state == .deleted }) else { return }
        try gone(backup)
    }

    /// No copy is left: what was wrong with it is over.
    func gone(_ backup: BackupRecord) throws {
        try update.setState(.deleted, of: backup, at: now)
        for key in IncidentKey.all(of: backup.id) { try update.resolve(key: key, at: now) }
    }
}

extension BackupRecord {
    /// Not deleted, and not about to be.
    var isLive: Bool { state != .deleting && state != .deleted }
}
