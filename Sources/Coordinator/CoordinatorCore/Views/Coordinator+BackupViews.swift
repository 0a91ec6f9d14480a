import Archive
import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// Backups, newest first. Without a limit the newest 1000.
    package func backups(
        _ query: BackupQuery = BackupQuery(), by operator: OperatorIdentity
    ) async throws(BackupError) -> [BackupView] {
        try `operator`.require(.viewer, "listing backups")
        let limit = query.limit ?? 1000
        guard query.at == nil || (query.since == nil && query.before == nil && query.state == nil) else {
            throw BackupError(.usage, "at finds one backup of each database: leave out since, before and state")
        }
        if let path = query.path {
            guard query == BackupQuery(limit: query.limit, path: path) else {
                throw BackupError(.usage, "path says which backup: leave out the other conditions")
            }
            let wanted = try ObjectPath(path)
            return try await catalog.read { view in
                try wanted.backups(in: view).prefix(limit).compactMap { try view.backup($0) }.map {
                    try Self.view(of: $0, view)
                }
            }
        }
        guard (1...100_000).contains(limit) else { throw BackupError(.usage, "limit must be 1 to 100000") }
        return try await catalog.read { view in
            let agent = try query.agent.map { try view.requiredAgent($0).id }
            var filter = BackupFilter(tier: query.tier, database: query.database, agent: agent, limit: limit)
            (filter.state, filter.since, filter.before) = (query.state, query.since, query.before)
            let found = try query.at.map { try view.backups(filter, at: $0) } ?? view.backups(filter)
            return try found.map { try Self.view(of: $0, view) }
        }
    }

    /// One backup by its id or a unique beginning of it, with manifest and copies.
    package func backup(_ id: String, by operator: OperatorIdentity) async throws(BackupError) -> BackupDetailView {
        try `operator`.require(.viewer, "looking at a backup")
        return try await catalog.read { view in
            let record = try view.requiredBackup(id)
            guard let manifest = try view.manifest(of: record.id) else {
                throw BackupError(.notFound, "no backup has this id")
            }
            let copies = try view.copies(of: record.id)
            return BackupDetailView(
                backup: try Self.view(of: record, view), manifest: manifest, copies: copies.map(DestinationResult.init),
                locations: Dictionary(copies.map { ($0.place.name, $0.location) }) { $1 },
                copyStates: Dictionary(copies.map { ($0.place.name, $0.state.rawValue) }) { $1 },
                evidence: Dictionary(copies.compactMap { copy in copy.seen.map { (copy.place.name, $0) } }) { $1 })
        }
    }

    static func view(of backup: BackupRecord, _ view: CatalogView) throws -> BackupView {
        guard let database = try view.databaseRecord(backup.database) else {
            throw BackupError(.bug, "a backup's database vanished")
        }
        let copies = try view.copies(of: backup.id)
        // Each copy holds the same objects; the manifest beside them is not one of the backup's.
        let best = copies.first(where: \.isWhole) ?? copies.first
        let objects = (best?.objects ?? []).filter { !$0.name.hasSuffix(".json") }
        let run = try view.run(backup.run).flatMap { $0.backup == backup.id ? $0 : nil }
        let (start, end) = (run?.startedAt ?? backup.startedAt, run?.finishedAt ?? backup.finishedAt)
        var found = BackupView(
            id: backup.id, agent: database.agentName, database: database.name, kind: database.kind,
            tiers: backup.tiers, state: backup.state, proof: backup.proof, startedAt: backup.startedAt,
            finishedAt: backup.finishedAt, nominalAt: backup.nominalAt, plainBytes: backup.plainBytes,
            storedBytes: backup.storedBytes, destinations: copies.filter(\.isWhole).map(\.place.name),
            pinned: backup.pinned,
            objects: objects.map { ObjectView(name: $0.name, sha256: $0.sha256, bytes: $0.bytes) },
            policy: backup.policy, run: backup.run, recordedAt: backup.recordedAt, proofAt: backup.proofAt,
            snapshotAt: backup.snapshotAt)
        found.tookSeconds = max(0, end.timeIntervalSince(start))
        return found
    }
}

extension CopyRecord {
    fileprivate var seen: BackupDetailView.Evidence? {
        guard isWhole, let evidence, let seenAt else { return nil }
        return .init(by: evidence.rawValue, at: seenAt)
    }

    /// The folder as other tools name it.
    var location: String {
        if let s3 = place.s3 { return "s3://\(s3.bucket)/\(folder)" }
        guard let root = place.directory?.path else { return "backups/\(folder) in the agent's data directory" }
        return "\(root)/\(folder)"
    }
}

extension DestinationResult {
    init(_ copy: CopyRecord) {
        self.init(
            destination: copy.place.name, isComplete: copy.isWhole, folder: copy.folder, objects: copy.objects,
            error: copy.error)
    }
}
