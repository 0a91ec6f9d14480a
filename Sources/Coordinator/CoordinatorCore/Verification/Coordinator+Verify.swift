import Catalog
package import Domain
package import Foundation
import Synchronization
import Threads
package import Wire

extension Coordinator {
    /// Has every copy of a backup read again: S3 by the coordinator, directories by their agent. Returns one operation
    /// for each copy. Throws `.busy` when only an agent that is offline could read any of them.
    package func verify(
        backup id: String, by operator: OperatorIdentity
    ) async throws(BackupError) -> [OperationView] {
        try `operator`.require(.operator, "verifying a backup")
        let backup = try await catalog.read { try $0.requiredBackup(id) }
        return try await startVerification(of: backup.id, requestedBy: `operator`.tokenId)
    }

    /// The same for every backup that is good, or partial, or was found to be damaged. What cannot be read now has
    /// failed already in what is returned.
    package func verifyAll(by operator: OperatorIdentity) async throws(BackupError) -> [OperationView] {
        try `operator`.require(.operator, "verifying all backups")
        let all = try await catalog.read { try $0.backups(BackupFilter(limit: Int(Int32.max))) }
        var views: [OperationView] = []
        // In portions, so that no other writer waits long.
        for start in stride(from: 0, to: all.count, by: 100) {
            let portion = Array(all[start..<min(start + 100, all.count)]).filter { $0.state.isVerifiable }
            views += try await startVerifications(of: portion, requestedBy: `operator`.tokenId)
        }
        return views
    }

    /// An operation and how far it is. Throws `.notFound`.
    package func operation(_ id: UUID, by operator: OperatorIdentity) async throws(BackupError) -> OperationView {
        try `operator`.require(.viewer, "looking at an operation")
        let (commands, presence) = (id, presence)
        return try await catalog.read { view in
            guard let operation = try view.operation(commands) else {
                throw BackupError(.notFound, "no operation has the id \(commands.uuidString.lowercased())")
            }
            return try Self.view(of: operation, view, presence)
        }
    }

    /// Who asks for the verification that follows a backup.
    static var healthCheck: String { "health check" }

    func startVerification(of backup: UUID, requestedBy: String) async throws(BackupError) -> [OperationView] {
        let record = try await catalog.read { view in
            guard let record = try view.backup(backup) else { throw BackupError(.notFound, "no such backup") }
            return record
        }
        guard record.state.isVerifiable else {
            throw BackupError(.notFound, "the backup is being deleted, or was")
        }
        let started = try await startVerifications(of: [record], isOnlyOne: true, requestedBy: requestedBy)
        guard !started.isEmpty else {
            throw BackupError(.notFound, "no destination holds a whole copy of this backup")
        }
        return started
    }

    private func startVerifications(
        of backups: [BackupRecord], isOnlyOne: Bool = false, requestedBy: String
    ) async throws(BackupError) -> [OperationView] {
        let (now, newID, presence) = (world.now(), world.uuid, presence)
        // A health check follows the report of a backup: its agent is there, whether or not it has checked in yet.
        let reach = requestedBy == Self.healthCheck ? nil : reach()
        let (views, agents) = try await catalog.write { update in
            let starter = OperationStarter(update: update, newID: newID, now: now, requestedBy: requestedBy)
            var views: [OperationView] = []
            var agents: Set<UUID> = []
            for backup in backups {
                let operations = try starter.verify(backup, reach)
                if isOnlyOne, let reason = operations.first?.failure, !operations.contains(where: \.isOpen) {
                    let isGone = try operations.first?.agent.flatMap { try update.agent($0) }?.revokedAt != nil
                    throw BackupError(
                        .busy,
                        "\(reason.message), and no other copy is whole"
                            + (isGone ? "; only a person on its host can read it" : "; try again when it is back"))
                }
                agents.formUnion(operations.filter(\.isOpen).compactMap(\.agent))
                views += try operations.map { try Self.view(of: $0, update, presence) }
            }
            return (views, agents)
        }
        presence.wake(agents)
        bells.ring(.verification)
        return views
    }

    /// What is asked of a host begins when it calls next.
    static func waitingWords(_ agent: AgentRecord, _ presence: Presence) -> String {
        let seen = presence.sighting(of: agent.id)?.at ?? agent.lastSeenAt
        return "waiting for agent \(agent.name), "
            + (seen.map { "last seen \(Timestamp.seconds($0))" } ?? "which was never seen since it joined")
    }

    static func view(of operation: OperationRecord, _ view: CatalogView, _ presence: Presence) throws -> OperationView {
        let database = try view.databaseRecord(operation.database)
        let agent = try operation.agent.flatMap { try view.agent($0) }
        let command = try view.command(ofOperation: operation.id)
        let progress = operation.isOpen ? presence.progress(of: command ?? operation.id, by: operation.agent) : nil
        return OperationView(
            id: operation.id, kind: operation.kind.rawValue, agent: agent?.name, database: database?.name,
            backup: operation.backup,
            state: progress != nil && operation.state == .pending ? .running : operation.state,
            phase: progress?.phase
                ?? (operation.state == .pending ? agent.map { waitingWords($0, presence) } : nil),
            bytes: progress?.bytes ?? operation.bytes,
            totalBytes: progress?.totalBytes ?? operation.totalBytes, startedAt: operation.startedAt,
            finishedAt: operation.finishedAt, message: operation.message, failure: operation.failure,
            proof: operation.proof, restoredTo: operation.restoredTo)
    }
}

extension BackupState {
    fileprivate var isVerifiable: Bool {
        switch self {
        case .good, .partial, .damaged, .missing: true
        case .deleting, .deleted: false
        }
    }
}
