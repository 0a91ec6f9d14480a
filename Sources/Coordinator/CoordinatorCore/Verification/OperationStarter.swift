import Archive
import Catalog
import Domain
import Foundation
import Wire

/// Begins operations with backups, within one transaction: from then on retention leaves the backup alone.
struct OperationStarter {
    let update: CatalogUpdate
    let newID: @Sendable () -> UUID
    let now: Date
    let requestedBy: String

    /// One verification for each whole copy, those that the coordinator reads itself first; what only an agent can read
    /// that is out of reach has failed at once. Empty when no copy is whole.
    func verify(_ backup: BackupRecord, _ reach: AgentReach?) throws -> [OperationRecord] {
        guard let database = try update.databaseRecord(backup.database), let agent = try update.agent(database.agent),
            let manifest = try update.manifest(of: backup.id)
        else { return [] }
        let obstacle = reach?.obstacle(agent)
        let open = try update.openOperations(backup: backup.id)
        let copies = try update.copies(of: backup.id).filter {
            $0.isWhole || $0.state == .damaged || $0.state == .missing
        }
        return try copies.sorted { $0.place.s3 != nil && $1.place.s3 == nil }.compactMap { copy in
            let name = copy.place.name
            let isOutOfReach = copy.place.directory != nil && obstacle != nil
            if !isOutOfReach, let known = open.first(where: { $0.kind == .verify && $0.destination == name }) {
                return known
            }
            var operation = OperationRecord(
                id: newID(), kind: .verify, agent: copy.place.directory == nil ? nil : database.agent,
                database: database.id, backup: backup.id, destination: name, state: .pending,
                totalBytes: backup.storedBytes, startedAt: now, requestedBy: requestedBy)
            if isOutOfReach, let obstacle {
                (operation.state, operation.finishedAt) = (.failed, now)
                operation.failure = Failure(
                    code: BackupError.Code.unreachable.rawValue, message: "not verified: \(obstacle)")
            }
            try update.save(operation)
            if operation.isOpen, let directory = copy.place.directory {
                // An agent that was put back to an older release knows no object of that role.
                let isOlder = reach?.sightings[database.agent].map { !$0.restoresParts } ?? false
                let sources = manifest.objects.filter { !isOlder || $0.role != .database }.map {
                    ObjectSource(object: $0, directory: directory, key: copy.folder + $0.name)
                }
                let order = VerifyOrder(backup: backup.id, destination: name, sources: sources)
                try send(.verify(order), operation, to: database.agent, Lifetime.verify)
            }
            return operation
        }
    }

    /// Deletes the copy in a directory of the agent's host. Does nothing when that is under way.
    func delete(_ backup: BackupRecord, _ copy: CopyRecord, _ directory: Destination.Directory) throws {
        let open = try update.openOperations(backup: backup.id)
        guard !open.contains(where: { $0.kind == .delete && $0.destination == copy.place.name }),
            let database = try update.databaseRecord(backup.database)
        else { return }
        let operation = OperationRecord(
            id: newID(), kind: .delete, agent: database.agent, database: database.id, backup: backup.id,
            destination: copy.place.name, state: .pending, totalBytes: nil, startedAt: now, requestedBy: requestedBy)
        try update.save(operation)
        let order = DeleteOrder(
            backup: backup.id, destination: copy.place.name, directory: directory, keys: copy.deletionKeys)
        try send(.delete(order), operation, to: database.agent, Lifetime.delete)
    }

    func send(_ order: CommandOrder, _ operation: OperationRecord, to agent: UUID, _ lifetime: Int) throws {
        let command = Command(id: newID(), expiresAt: now + TimeInterval(lifetime), order: order)
        try update.add(CommandRecord(agent: agent, command: command, operation: operation.id, createdAt: now))
    }
}

extension CopyRecord {
    /// Exact keys, the manifest first: without it what is left is no backup any more.
    var deletionKeys: [String] { objects.reversed().map { folder + $0.name } }
}
