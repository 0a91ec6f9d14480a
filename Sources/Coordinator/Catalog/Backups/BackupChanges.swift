package import Archive
package import Domain
package import Foundation
import GRDB
import Wire

extension CatalogUpdate {
    /// Adds a backup with its copies, and notes it in its database's summary, as things stand `now`: one that was recorded long ago, and
    /// is added only now, hides no newer one.
    package func add(_ backup: BackupRecord, manifest: Manifest, copies: [CopyRecord], at now: Date) throws {
        try database.execute(
            sql: """
                INSERT INTO backup (id, database, run, policy, tiers, state, proof, proofAt, nominalAt, startedAt,
                    snapshotAt, finishedAt, recordedAt, plainBytes, storedBytes, pinned, manifest,
                    sourceTables, sourceRows)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                backup.id.text, backup.database, backup.run.text, backup.policy, backup.tiers.column,
                backup.state.rawValue, backup.proof, backup.proofAt?.milliseconds, backup.nominalAt.milliseconds,
                backup.startedAt.milliseconds, backup.snapshotAt.milliseconds, backup.finishedAt.milliseconds,
                backup.recordedAt.milliseconds, backup.plainBytes, backup.storedBytes, backup.pinned,
                String(decoding: try manifest.encoded(), as: UTF8.self), backup.sourceTables, backup.sourceRows,
            ])
        let agent = manifest.agent.id
        for copy in copies { try addCopy(copy, of: agent, at: now) }
        if backup.state == .good { try noteGood(backup, at: now) }
        try refreshSummary(backup.database, at: now)
    }

    /// Adds a copy to a backup that is there.
    package func addCopy(_ copy: CopyRecord, of agent: UUID, at now: Date) throws {
        let place = try placeId(copy.place, at: now)
        try database.execute(
            sql: """
                INSERT INTO copy (backup, destination, place, site, folder, state, error, isRemote)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                copy.backup.text, copy.place.name, place, copy.place.site(of: agent), copy.folder, copy.state.rawValue,
                copy.error, copy.place.s3 != nil,
            ])
        for (position, object) in copy.objects.enumerated() {
            try database.execute(
                sql: """
                    INSERT INTO object (backup, destination, position, name, bytes, sha256, etag, checksum)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    copy.backup.text, copy.place.name, position, object.name, object.bytes, object.sha256, object.etag,
                    object.checksum,
                ])
        }
    }

    /// Also in the summaries of its database and its tiers.
    package func setState(_ state: BackupState, of backup: BackupRecord, at now: Date) throws {
        try database.execute(
            sql: "UPDATE backup SET state = ? WHERE id = ?", arguments: [state.rawValue, backup.id.text])
        switch state {
        case .good: try noteGood(backup, at: now)
        case .partial, .damaged, .missing: try noteUnfit(backup, at: now)
        case .deleting, .deleted: break
        }
        try refreshSummary(backup.database, at: now)
    }

    package func setCopyState(_ state: CopyState, error: String?, backup: UUID, destination: String) throws {
        try database.execute(
            sql: "UPDATE copy SET state = ?, error = ? WHERE backup = ? AND destination = ?",
            arguments: [state.rawValue, error, backup.text, destination])
    }

    /// Somebody looked, and the copy is as it should be. What its bytes were read by never gets weaker.
    package func noteSeen(_ evidence: CopyEvidence, backup: UUID, destination: String, at now: Date) throws {
        try database.execute(
            sql: """
                UPDATE copy SET seenAt = max(coalesce(seenAt, 0), ?1), evidence = ?2,
                    readAt = CASE WHEN ?2 = 'read' THEN ?1 ELSE readAt END
                WHERE backup = ?3 AND destination = ?4
                """, arguments: [now.milliseconds, evidence.rawValue, backup.text, destination])
    }

    /// A listing showed it as it should be: that is no better evidence than there was, but newer. Written twice a day at most.
    package func noteSeenAgain(_ evidence: CopyEvidence, backup: UUID, destination: String, at now: Date) throws {
        try database.execute(
            sql: """
                UPDATE copy SET seenAt = ?1, evidence = coalesce(evidence, ?2)
                WHERE backup = ?3 AND destination = ?4 AND coalesce(seenAt, 0) < ?1 - 43200000
                    AND (state = 'confirmed' OR isRemote = 0 OR seenAt IS NOT NULL)
                """, arguments: [now.milliseconds, evidence.rawValue, backup.text, destination])
    }

    /// The store's version marks of a copy's objects, by name, as they are now that its bytes were seen to be right.
    package func setMarks(_ etags: [String: String], backup: UUID, destination: String) throws {
        for (name, etag) in etags {
            try database.execute(
                sql: "UPDATE object SET etag = ? WHERE backup = ? AND destination = ? AND name = ?",
                arguments: [etag, backup.text, destination, name])
        }
    }

    /// Raises the proof level (it never sinks here) and notes when.
    package func raiseProof(_ level: ProofLevel, of backup: BackupRecord, at now: Date) throws {
        try database.execute(
            sql: "UPDATE backup SET proof = ?1, proofAt = ?2 WHERE id = ?3 AND coalesce(proof, -1) <= ?1",
            arguments: [level.rawValue, now.milliseconds, backup.id.text])
        try refreshSummary(backup.database, at: now)
    }

    /// Nothing is proven of it any more.
    package func clearProof(of backup: BackupRecord, at now: Date) throws {
        try database.execute(
            sql: "UPDATE backup SET proof = NULL, proofAt = NULL WHERE id = ?", arguments: [backup.id.text])
        try refreshSummary(backup.database, at: now)
    }

    package func setPinned(_ pinned: Bool, of backup: UUID) throws {
        try database.execute(
            sql: "UPDATE backup SET pinned = ? WHERE id = ?", arguments: [pinned, backup.text])
    }
}
