package import Archive
package import Domain
package import Foundation
import GRDB
import Wire

/// Which backups a list shows; nil stands for all.
package struct BackupFilter: Sendable {
    package var tier: Tier?
    package var database: String?
    package var agent: UUID?
    package var limit: Int
    package var state: BackupState?
    /// Of the data: from this moment on, and before that one.
    package var since: Date?
    package var before: Date?

    package init(tier: Tier? = nil, database: String? = nil, agent: UUID? = nil, limit: Int) {
        self.tier = tier
        self.database = database
        self.agent = agent
        self.limit = limit
    }
}

extension CatalogView {
    package func backup(_ id: UUID) throws -> BackupRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM backup WHERE id = ?", arguments: [id.text]).map(Self.backup)
    }

    /// The backup whose id begins so (4 hex digits or more, dashes or not). Throws `.notFound`, or `.usage` when several do.
    package func requiredBackup(_ prefix: String) throws -> BackupRecord {
        let id = try onlyId(beginning: prefix, in: "backup", "a backup")
        guard let backup = try backup(id) else {
            throw BackupError(.notFound, "no backup begins with \(prefix); see `holdfast backup list`")
        }
        return backup
    }

    /// The only id of a table that begins so. `noun` comes with its article.
    func onlyId(beginning prefix: String, in table: String, _ noun: String) throws -> UUID {
        let digits = prefix.lowercased().filter { $0 != "-" }
        let bare = noun.split(separator: " ").last ?? ""
        guard (4...32).contains(digits.count), digits.allSatisfy(\.isHexDigit), digits.allSatisfy(\.isASCII) else {
            throw BackupError(.usage, "\(noun)'s id is 32 hex digits, of which the first 4 or more are enough")
        }
        let dashed = Self.dashed(digits)
        let found = try String.fetchAll(
            database, sql: "SELECT id FROM \(table) WHERE id >= ? AND id < ? LIMIT 2",
            arguments: [dashed, dashed + "g"])
        guard found.count < 2 else {
            throw BackupError(.usage, "more than one \(bare) begins with \(prefix); give more of its digits")
        }
        guard let id = found.first.flatMap(UUID.init(uuidString:)) else {
            throw BackupError(
                .notFound,
                "no \(bare) begins with \(prefix)" + (table == "backup" ? "; see `holdfast backup list`" : ""))
        }
        return id
    }

    /// Backups that exist, newest first by the coordinator's clock.
    package func backups(_ filter: BackupFilter) throws -> [BackupRecord] {
        var conditions = ["state <> 'deleted'"]
        var arguments: StatementArguments = []
        if filter.database != nil || filter.agent != nil {
            conditions.append(
                """
                backup.database IN (SELECT id FROM database
                    WHERE coalesce(name = ?, true) AND coalesce(agent = ?, true))
                """)
            arguments += [filter.database, filter.agent?.text]
        }
        // The tier's own word stands in the text, so that its partial index is found. No tier is part of another's word.
        if let tier = filter.tier { conditions.append("instr(tiers, '\(tier.rawValue)') > 0") }
        if let state = filter.state {
            conditions.append("state = ?")
            arguments += [state.rawValue]
        }
        if let since = filter.since {
            conditions.append("snapshotAt >= ?")
            arguments += [since.milliseconds]
        }
        if let before = filter.before {
            conditions.append("snapshotAt < ?")
            arguments += [before.milliseconds]
        }
        arguments += [filter.limit]
        return try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM backup WHERE \(conditions.joined(separator: " AND "))
                ORDER BY recordedAt DESC, snapshotAt DESC, id DESC LIMIT ?
                """, arguments: arguments
        ).map(Self.backup)
    }

    /// Of each database that the filter names the newest backup that was complete by `moment`, so that nothing in it is of after that, and
    /// of which at least one copy is whole: it can be restored, whatever became of the others.
    package func backups(_ filter: BackupFilter, at moment: Date) throws -> [BackupRecord] {
        let databases = try Int64.fetchAll(
            database,
            sql: """
                SELECT id FROM database WHERE coalesce(name = ?, true) AND coalesce(agent = ?, true) ORDER BY name, agent
                """, arguments: [filter.database, filter.agent?.text])
        let tier = filter.tier.map { "AND instr(tiers, '\($0.rawValue)') > 0" } ?? ""
        var found: [BackupRecord] = []
        for id in databases where found.count < filter.limit {
            found += try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM backup WHERE id = (
                        SELECT id FROM backup WHERE database = ? AND finishedAt <= ? \(tier)
                            AND (state = 'good' OR (state IN ('partial', 'damaged', 'missing') AND EXISTS (
                                SELECT 1 FROM copy WHERE copy.backup = backup.id
                                    AND copy.state IN ('stored', 'confirmed'))))
                        ORDER BY snapshotAt DESC, recordedAt DESC, id DESC LIMIT 1)
                    """, arguments: [id, moment.milliseconds]
            ).map(Self.backup)
        }
        return found
    }

    /// Every backup of one database that has not been deleted, newest first.
    package func backups(ofDatabase id: Int64) throws -> [BackupRecord] {
        try Row.fetchAll(
            database,
            sql:
                "SELECT * FROM backup WHERE database = ? AND state <> 'deleted' ORDER BY recordedAt DESC, snapshotAt DESC, id DESC",
            arguments: [id]
        ).map(Self.backup)
    }

    /// How the copies of each backup of one database stand.
    package func copySummaries(ofDatabase id: Int64) throws -> [UUID: CopySummary] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT copy.backup, max(copy.state IN ('stored', 'confirmed')) AS whole,
                    max(copy.state IN ('stored', 'confirmed') AND copy.isRemote = 1) AS wholeRemote,
                    max(copy.state = 'stored' AND copy.isRemote = 1) AS unconfirmed,
                    coalesce(
                        min(CASE WHEN copy.state IN ('stored', 'confirmed') AND copy.isRemote = 1
                            THEN coalesce(copy.seenAt, 0) END),
                        max(CASE WHEN copy.state IN ('stored', 'confirmed') THEN copy.seenAt END)) AS seenAt
                FROM backup JOIN copy ON copy.backup = backup.id
                WHERE backup.database = ? AND backup.state IN ('good', 'partial', 'damaged', 'missing')
                GROUP BY copy.backup
                """, arguments: [id])
        return Dictionary(
            try rows.map { row in
                (
                    try row.requiredUUID("backup"),
                    CopySummary(
                        hasWhole: row["whole"], hasWholeRemote: row["wholeRemote"], isUnconfirmed: row["unconfirmed"],
                        seenAt: row.date("seenAt"))
                )
            }, uniquingKeysWith: { $1 })
    }

    /// Backups that not every destination holds, newest first.
    package func partialBackups(limit: Int) throws -> [BackupRecord] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM backup WHERE state = 'partial' ORDER BY recordedAt DESC LIMIT ?",
            arguments: [limit]
        ).map(Self.backup)
    }

    /// Backups whose deletion has begun and not ended.
    package func deletingBackups() throws -> [BackupRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM backup WHERE state = 'deleting' ORDER BY recordedAt, id")
            .map(Self.backup)
    }

    package func manifest(of backup: UUID) throws -> Manifest? {
        let text = try String.fetchOne(
            database, sql: "SELECT manifest FROM backup WHERE id = ?", arguments: [backup.text])
        guard let text else { return nil }
        do { return try Manifest(decoding: Array(text.utf8)) } catch {
            throw DamagedRow(words: "the manifest of backup \(backup.text) cannot be read")
        }
    }

    /// Where the backup's copies lie, by destination name.
    package func copies(of backup: UUID) throws -> [CopyRecord] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT copy.*, place.definition FROM copy JOIN place ON place.id = copy.place
                WHERE backup = ? ORDER BY destination
                """, arguments: [backup.text])
        return try rows.map { row in
            var copy = CopyRecord(
                backup: backup, place: try row.json("definition"), folder: row["folder"], state: try row.word("state"),
                error: row["error"], objects: try objects(of: backup, destination: row["destination"]))
            copy.seenAt = row.date("seenAt")
            copy.evidence = (row["evidence"] as String?).flatMap(CopyEvidence.init(rawValue:))
            copy.readAt = row.date("readAt")
            return copy
        }
    }

    /// Backups with a copy in a bucket that no one but the agent has seen, oldest first.
    package func unconfirmedBackups(limit: Int) throws -> [UUID] {
        try String.fetchAll(
            database,
            sql: """
                SELECT DISTINCT copy.backup FROM copy JOIN backup ON backup.id = copy.backup
                WHERE copy.state = 'stored' AND copy.isRemote = 1 AND copy.seenAt IS NULL
                    AND backup.state IN ('good', 'partial', 'missing')
                ORDER BY backup.recordedAt LIMIT ?
                """, arguments: [limit]
        ).compactMap(UUID.init(uuidString:))
    }

    /// Backups with a copy in a bucket of which nothing but the size was ever seen and whose verification nobody has asked for,
    /// newest first. What was read since `tried` and could not be read to its end waits: it must not take the others' share.
    package func sizeOnlyCopies(limit: Int, tried: Date) throws -> [(backup: UUID, bytes: Int64)] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT DISTINCT backup.id, backup.storedBytes, backup.recordedAt
                FROM copy JOIN backup ON backup.id = copy.backup
                WHERE copy.state = 'stored' AND copy.isRemote = 1 AND copy.evidence = 'size'
                    AND backup.state IN ('good', 'partial')
                    AND NOT EXISTS (SELECT 1 FROM operation WHERE operation.backup = backup.id AND operation.kind = 'verify'
                        AND (operation.state IN ('pending', 'running') OR (operation.state = 'failed'
                            AND operation.failureCode <> 'storageUnavailable' AND operation.finishedAt > ?)))
                ORDER BY backup.recordedAt DESC LIMIT ?
                """, arguments: [tried.milliseconds, limit]
        ).map { (try $0.requiredUUID("id"), $0["storedBytes"]) }
    }

    private func objects(of backup: UUID, destination: String) throws -> [DestinationResult.StoredObject] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM object WHERE backup = ? AND destination = ? ORDER BY position",
            arguments: [backup.text, destination]
        ).map {
            .init(
                name: $0["name"], bytes: $0["bytes"], sha256: $0["sha256"], etag: $0["etag"], checksum: $0["checksum"])
        }
    }

    private static func dashed(_ digits: String) -> String {
        var out = ""
        for (position, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(position) { out.append("-") }
            out.append(digit)
        }
        return out
    }

    static func backup(_ row: Row) throws -> BackupRecord {
        var backup = BackupRecord(
            id: try row.requiredUUID("id"), database: row["database"], run: try row.requiredUUID("run"),
            policy: row["policy"], tiers: row.tiers("tiers"), state: try row.word("state"),
            nominalAt: row.requiredDate("nominalAt"), startedAt: row.requiredDate("startedAt"),
            snapshotAt: row.requiredDate("snapshotAt"), finishedAt: row.requiredDate("finishedAt"),
            recordedAt: row.requiredDate("recordedAt"), plainBytes: row["plainBytes"], storedBytes: row["storedBytes"])
        backup.proof = row["proof"]
        backup.proofAt = row.date("proofAt")
        backup.pinned = row["pinned"]
        backup.sourceTables = row["sourceTables"]
        backup.sourceRows = row["sourceRows"]
        return backup
    }
}
