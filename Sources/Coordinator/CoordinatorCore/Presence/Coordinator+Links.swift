import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// Fresh addresses for a restore that this agent took and has not ended. Only its own process gets them: another one with the
    /// same certificate is refused, and told as an alert.
    ///
    /// Throws `.forbidden` to another process, `.busy` while it is not known which one is alive, `.notFound` for anything but an
    /// open restore of this agent.
    package func links(_ request: LinkRequest, from agent: AgentIdentity) async throws(BackupError) -> LinkResponse {
        try Self.check(request.version)
        do throws(BackupError) {
            try await requireStanding(request.instance, of: agent)
        } catch {
            if isStranger(request.instance, to: agent) { try await tellStranger(agent) }
            throw error
        }
        let found = try await catalog.read { view -> (CommandRecord, OperationRecord)? in
            guard let record = try view.command(request.command), record.agent == agent.id, record.deliveredAt != nil,
                let operation = try record.operation.flatMap(view.operation),
                // A host that was away for a moment goes on with it.
                operation.isOpen || operation.state == .expired
            else { return nil }
            return (record, operation)
        }
        guard let (record, operation) = found, case .restore(let order) = record.command.order else {
            throw BackupError(.notFound, "no restore of \(agent.name) is at work under this id")
        }
        let command = try await withSources(record.command, order, operation: operation.id)
        return LinkResponse(sources: command.restore?.sources ?? [])
    }

    /// Whether another process than this one is known to be the agent.
    private func isStranger(_ instance: UUID, to agent: AgentIdentity) -> Bool {
        let known = fences.change(agent.id) { $0.book.current?.process.instance }
        return known.map { $0 != instance } ?? false
    }

    func tellStranger(_ agent: AgentIdentity) async throws(BackupError) {
        let (now, channels) = (world.now(), fleet.alerts.channels)
        try await catalog.write { update in
            guard let record = try update.agent(agent.id) else { return }
            try update.open(.stranger(record), channels: channels, at: now)
            try update.audit(
                agent.name, "links refused", agent.id.uuidString.lowercased(), detail: "another process", at: now)
        }
        bells.ring(.alerts)
        logger.warning("another process asks in an agent's name, and is refused", metadata: ["agent": "\(agent.name)"])
    }
}
