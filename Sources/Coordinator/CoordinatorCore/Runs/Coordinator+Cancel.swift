import Catalog
package import Domain
import Foundation
import Synchronization
package import Wire

// An operator ends what was asked for. Saying it twice is harmless.
extension Coordinator {
    /// Ends a run: at once when its agent has not heard of it, else the agent is asked to stop it, and its report ends it. One that
    /// has ended stays as it is. `id` may be the beginning of one.
    ///
    /// Throws `.notFound`, and `.busy` when the agent that may be at it is out of reach.
    package func cancelRun(_ id: String, by operator: OperatorIdentity) async throws(BackupError) -> RunView {
        try `operator`.require(.operator, "cancelling a run")
        let (now, reach, newID) = (world.now(), reach(), world.uuid())
        let (run, agent) = try await catalog.write { update -> (UUID, UUID?) in
            var run = try update.requiredRun(id)
            guard !run.state.isTerminal, let database = try update.databaseRecord(run.database) else {
                return (run.id, nil)
            }
            try update.audit(`operator`.tokenId, "run cancel", run.id.uuidString.lowercased(), at: now)
            let open = try update.openCommands(ofRun: run.id)
            if run.attempt == 0, !open.isEmpty, open.allSatisfy({ $0.deliveredAt == nil }) {
                try update.finishCommands(ofRun: run.id, at: now)
                (run.state, run.finishedAt) = (.cancelled, now)
                run.reason = "an operator cancelled it before its agent took it"
                try update.save(run, at: now)
                return (run.id, nil)
            }
            try Self.requireReach(reach, database.agent, update)
            try Self.askToStop(run.id, among: open, agent: database.agent, run: run.id, newID: newID, update, at: now)
            return (run.id, database.agent)
        }
        presence.wake([agent].compactMap(\.self))
        return try await self.run(run, by: `operator`)
    }

    /// Ends a verification or a restore, wherever it is at work. One that has ended stays as it is. `id` may be the beginning of one.
    ///
    /// Throws `.usage` for a deletion and for an agent that is too old to be asked, `.notFound`, and `.busy` when the agent that may
    /// be at it is out of reach.
    package func cancelOperation(_ id: String, by operator: OperatorIdentity) async throws(BackupError) -> OperationView
    {
        try `operator`.require(.operator, "cancelling an operation")
        let (now, reach, newID, presence) = (world.now(), reach(), world.uuid(), presence)
        let (view, agent) = try await catalog.write { update -> (OperationView, UUID?) in
            var operation = try update.requiredOperation(id)
            guard operation.isOpen else { return (try Self.view(of: operation, update, presence), nil) }
            guard operation.kind != .delete else {
                throw BackupError(.usage, "a deletion that has begun is not cancelled: what is left of it is no backup")
            }
            try update.audit(`operator`.tokenId, "operation cancel", operation.id.uuidString.lowercased(), at: now)
            let open = try update.openCommands(ofOperation: operation.id)
            guard let agent = operation.agent, let work = open.first(where: { $0.command.cancel == nil }),
                work.deliveredAt != nil
            else {
                try update.finishCommands(ofOperation: operation.id, at: now)
                (operation.state, operation.finishedAt) = (.cancelled, now)
                operation.message = "an operator cancelled it"
                try update.save(operation)
                return (try Self.view(of: operation, update, presence), nil)
            }
            try Self.requireReach(reach, agent, update)
            guard reach.sightings[agent]?.answers == true else {
                let name = try update.agent(agent)?.name ?? ""
                throw BackupError(
                    .usage,
                    "agent \(name) is of an older release, which cannot end an operation: upgrade it, or restart it")
            }
            try Self.askToStop(
                work.command.id, among: open, agent: agent, operation: operation.id, newID: newID, update, at: now)
            return (try Self.view(of: operation, update, presence), agent)
        }
        reading.withLock { $0[view.id]?.end(.cancelled) }
        presence.wake([agent].compactMap(\.self))
        return view
    }

    private static func requireReach(_ reach: AgentReach, _ id: UUID, _ view: CatalogView) throws {
        guard let agent = try view.agent(id), let obstacle = reach.obstacle(agent) else { return }
        throw BackupError(
            .busy, "\(obstacle): it cannot be asked to stop, and may be at it; what is not heard of ends by itself")
    }

    private static func askToStop(
        _ work: UUID, among open: [CommandRecord], agent: UUID, run: UUID? = nil, operation: UUID? = nil, newID: UUID,
        _ update: CatalogUpdate, at now: Date
    ) throws {
        guard !open.contains(where: { $0.command.cancel == work }) else { return }
        let command = Command(id: newID, expiresAt: now + TimeInterval(Lifetime.cancel), order: .cancel(work))
        try update.add(CommandRecord(agent: agent, command: command, operation: operation, run: run, createdAt: now))
    }
}
