import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// Takes what happened to runs and commands: acknowledged means committed. What was taken before changes nothing and is
    /// acknowledged again; what can never be taken is refused, and audited. In portions, between which others have their turn: when
    /// one cannot be written, those before it are, and the sender asks again with all of them.
    ///
    /// `bytes` is how long the message was. Throws `.usage` for a batch that is too large, `.busy` for an agent that has sent too
    /// much of late.
    package func record(
        _ batch: ReportBatch, bytes: Int = 0, from agent: AgentIdentity
    ) async throws(BackupError) -> ReportReceipt {
        try Self.check(batch.version)
        guard batch.items.count <= AgentCaps.reportsPerBatch else {
            throw BackupError(
                .usage,
                "\(batch.items.count) reports in one batch; at most \(AgentCaps.reportsPerBatch) are taken at once")
        }
        // Asked by `doctor`, which is no process of the agent's.
        if !batch.items.isEmpty { try await requireStanding(batch.instance, of: agent) }
        try reportAllowance.spend(batch.items.count, bytes: bytes, of: agent, uptime: world.uptime())
        var receipt = ReportReceipt(acknowledged: [], refused: [])
        let destinations = DemandedDestinations()
        for start in stride(from: 0, to: batch.items.count, by: AgentCaps.reportsPerTransaction) {
            let end = min(start + AgentCaps.reportsPerTransaction, batch.items.count)
            let (portion, consequences) = try await take(Array(batch.items[start..<end]), from: agent, destinations)
            receipt.acknowledged += portion.acknowledged
            receipt.refused += portion.refused
            await act(on: consequences)
        }
        for item in batch.items {
            if let result = item.command { presence.forget(command: result.command, of: agent.id) }
        }
        for refused in receipt.refused {
            logger.warning("report refused", metadata: ["agent": "\(agent.name)", "reason": "\(refused.reason)"])
        }
        return receipt
    }

    /// One portion, in one transaction.
    private func take(
        _ items: [ReportBatch.Item], from agent: AgentIdentity, _ destinations: DemandedDestinations
    ) async throws(BackupError) -> (ReportReceipt, RunRecorder.Consequences) {
        let (now, fleet) = (world.now(), fleet)
        return try await catalog.write { update in
            var receipt = ReportReceipt(acknowledged: [], refused: [])
            var consequences = RunRecorder.Consequences()
            let runs = RunRecorder(
                update: update, agent: agent, fleet: fleet, now: now, destinations: destinations)
            let results = ResultRecorder(update: update, agent: agent, fleet: fleet, now: now)
            for item in items {
                // What can never be taken must not keep the others from being taken.
                let before = consequences
                var refusal: String?
                do {
                    refusal = try update.separately {
                        if let report = item.run { return try runs.take(report, &consequences) }
                        if let result = item.command { return try results.take(result, &consequences) }
                        return "neither a run nor a command"
                    }
                } catch let error as BackupError where error.code == .forbidden || error.code == .usage {
                    (consequences, refusal) = (before, error.message)
                    try update.audit(
                        agent.name, "report refused", item.id.uuidString.lowercased(), detail: error.message, at: now)
                }
                if let refusal {
                    receipt.refused.append(.init(id: item.id, reason: refusal))
                } else {
                    receipt.acknowledged.append(item.id)
                }
            }
            if !receipt.acknowledged.isEmpty { try CatalogMark.advance(update) }
            return (receipt, consequences)
        }
    }

    private func act(on consequences: RunRecorder.Consequences) async {
        for result in consequences.discards { presence.note(discard: result) }
        for happening in consequences.happenings { happening.log(to: logger) }
        if consequences.hasIncidents { bells.ring(.alerts) }
        if consequences.mayEndOverdue { bells.ring(.supervision) }
        if consequences.hasLeftovers { bells.ring(.deletion) }
        if !consequences.backups.isEmpty { bells.ring(.confirmation) }
        for backup in consequences.toVerify {
            do {
                _ = try await startVerification(of: backup, requestedBy: Self.healthCheck)
            } catch {
                logger.warning("health check not started", metadata: ["backup": "\(backup)", "error": "\(error)"])
            }
        }
    }
}
