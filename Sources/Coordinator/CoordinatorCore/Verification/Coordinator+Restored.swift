import Catalog
package import Domain
package import Foundation
package import Wire

extension Coordinator {
    /// What restores keep on the hosts, by host: as each said last, since this coordinator was started.
    package func remains(by operator: OperatorIdentity) async throws(BackupError) -> [Remain] {
        try `operator`.require(.viewer, "looking at what restores keep")
        let presence = presence
        return try await catalog.read { view in
            try view.agents().filter { $0.revokedAt == nil }.flatMap { agent in
                (presence.remains(of: agent.id) ?? []).map { remain in
                    var remain = remain
                    remain.agent = agent.name
                    return remain
                }
            }
        }
    }

    /// Has one of them removed by its host, which may refuse. Throws `.notFound` for what no host has told of, and `.busy` when the
    /// host is out of reach.
    package func discard(
        _ request: DiscardRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> DiscardView {
        try `operator`.require(.admin, "discarding what a restore keeps")
        let (now, id, presence, reach) = (world.now(), world.uuid(), presence, reach())
        let agent = try await catalog.write { update -> UUID in
            let agent = try update.requiredAgent(request.agent)
            let known = presence.remains(of: agent.id)?.first {
                $0.restore == request.restore && $0.name.utf8.elementsEqual(request.name.utf8)
            }
            guard let known else {
                throw BackupError(
                    .notFound,
                    "no restore keeps \(request.name.debugDescription) on \(agent.name), as far as that host has told")
            }
            if let obstacle = reach.obstacle(agent) { throw BackupError(.busy, "\(obstacle): nothing was removed") }
            try update.audit(
                `operator`.tokenId, "restore discard", known.name,
                detail: "on \(agent.name), \(known.kind) since \(Timestamp.seconds(known.since)) by \(known.by)",
                at: now)
            let order = DiscardOrder(restore: request.restore, name: request.name)
            let command = Command(id: id, expiresAt: now + TimeInterval(Lifetime.discard), order: .discard(order))
            try update.add(CommandRecord(agent: agent.id, command: command, createdAt: now))
            return agent.id
        }
        presence.wake([agent])
        return DiscardView(command: id)
    }

    /// How that stands. Throws `.notFound` for what is over and not remembered.
    package func discard(_ command: UUID, by operator: OperatorIdentity) async throws(BackupError) -> DiscardView {
        try `operator`.require(.viewer, "looking at what restores keep")
        let isOpen = try await catalog.read { try $0.isOpen(command: command) }
        // What has ended is noted a moment after the catalog has it.
        if !isOpen, presence.discard(command) == nil { try? await Task.sleep(for: .milliseconds(500)) }
        if let end = presence.discard(command) {
            return DiscardView(
                command: command, succeeded: end.succeeded, message: RunRecorder.bounded(end.message),
                failure: end.failure.map(RunRecorder.bounded))
        }
        guard isOpen else {
            throw BackupError(
                .notFound,
                "how it ended is not known: its agent did not take it in time, or the coordinator was restarted; look with "
                    + "`holdfast restore list`")
        }
        return DiscardView(command: command)
    }
}
