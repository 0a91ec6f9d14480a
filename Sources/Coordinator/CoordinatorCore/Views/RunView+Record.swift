import Catalog
import Domain
import Foundation
import Wire

extension RunView {
    init(_ run: RunRecord, _ database: DatabaseRecord, _ progress: RunProgress?) {
        let live = run.state.isTerminal ? nil : progress
        self.init(
            id: run.id, agent: database.agentName, database: database.name, kind: database.kind, policy: run.policy,
            tiers: run.tiers, state: run.state, attempt: max(run.attempt, live?.attempt ?? 0),
            nominalAt: run.nominalAt, startedAt: run.startedAt ?? live?.startedAt, finishedAt: run.finishedAt,
            phase: run.state.isTerminal ? nil : live?.phase.text ?? RunPhase.waiting.rawValue,
            plainBytes: live?.plainBytes, storedBytes: live?.storedBytes, backup: run.backup, reason: run.reason,
            failure: run.failure, destinations: run.destinations)
    }
}
