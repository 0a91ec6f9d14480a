import Catalog
import Domain
import Foundation
import Wire

/// Takes the results of commands into the catalog, within one transaction.
struct ResultRecorder {
    let update: CatalogUpdate
    let agent: AgentIdentity
    let fleet: FleetConfiguration
    let now: Date

    /// Nil when the result counts (or changes nothing); else why it never will.
    func take(_ result: CommandResult, _ consequences: inout RunRecorder.Consequences) throws -> String? {
        guard let command = try update.command(result.command), command.agent == agent.id else {
            try update.audit(
                agent.name, "result refused", result.command.uuidString.lowercased(), detail: "not its command", at: now
            )
            return "this agent has no such command"
        }
        try update.finishCommand(result.command, at: now)
        if command.command.verb.value == .cancel {
            try noteCancel(command, result)
            return nil
        }
        if case .discard(let order) = command.command.order {
            try update.audit(
                agent.name, result.succeeded ? "restore discarded" : "restore discard failed", order.name,
                detail: RunRecorder.bounded(result.message), at: now)
            consequences.discards.append(result)
            return nil
        }
        if let id = command.operation, let operation = try update.operation(id),
            operation.isOpen || operation.state == .expired
        {
            try finish(operation, result, &consequences)
        } else if let id = command.run, !result.succeeded, var run = try update.run(id), !run.state.isTerminal {
            run.state = result.failure?.code == BackupError.Code.cancelled.rawValue ? .cancelled : .failed
            run.finishedAt = result.at
            run.failure =
                result.failure.map(RunRecorder.bounded)
                ?? Failure(code: "sourceUnavailable", message: RunRecorder.bounded(result.message))
            try update.save(run, at: now)
            try update.finishCommands(ofRun: run.id, at: now)
            let database = try update.databaseRecord(run.database)
            if let database {
                consequences.note(.end(of: run, agent: agent.name, database: database.name, nil))
            }
            if run.state == .failed, let database {
                try update.open(
                    .failed(database, error: run.failure?.message ?? ""), channels: fleet.alerts.channels, at: now)
                consequences.hasIncidents = true
            }
        }
        return nil
    }

    /// What was to stop reports its own end. A host that does not know the run (any more) will not: then it is over, and a success
    /// that comes late still counts.
    private func noteCancel(_ command: CommandRecord, _ result: CommandResult) throws {
        guard let id = command.run, result.failure?.code == BackupError.Code.notFound.rawValue,
            var run = try update.run(id), !run.state.isTerminal
        else { return }
        (run.state, run.finishedAt) = (.cancelled, now)
        run.reason = "an operator cancelled it, and its host does not know it any more"
        try update.finishCommands(ofRun: id, at: now)
        try update.save(run, at: now)
    }

    private func finish(
        _ operation: OperationRecord, _ result: CommandResult, _ consequences: inout RunRecorder.Consequences
    ) throws {
        var operation = operation
        operation.state = result.succeeded ? .succeeded : .failed
        operation.finishedAt = now
        // No more than a sum of such figures can hold, whatever an agent says.
        operation.bytes = min(max(0, result.bytes), 1 << 50)
        operation.message = RunRecorder.bounded(result.message)
        // Of a restore that succeeded: what of the backup could not be made.
        operation.failure = result.failure.map(RunRecorder.bounded)
        if !result.succeeded, result.failure?.code == BackupError.Code.cancelled.rawValue,
            try update.isCancelAsked(ofOperation: operation.id)
        {
            operation.state = .cancelled
        }
        try update.finishCommands(ofOperation: operation.id, at: now)
        operation.proof = result.proof?.rawValue
        operation.restoredTo = result.restoredTo.map(RunRecorder.bounded)
        try update.save(operation)
        consequences.note(.end(of: operation, agent: agent.name))
        guard let backup = try update.backup(operation.backup) else { return }
        let judgement = CopyJudgement(update: update, channels: fleet.alerts.channels, now: now)
        switch operation.kind {
        case .verify where result.succeeded:
            // A verification on a host can prove that the copy there is sound, and no more than that.
            try judgement.sound(
                backup, operation.destination, level: min(result.proof ?? .reread, .sound), byCoordinator: false)
        case .verify where operation.failure?.code == BackupError.Code.integrity.rawValue,
            .verify where operation.failure?.code == BackupError.Code.notFound.rawValue:
            try judgement.damaged(backup, operation.destination, finding: operation.failure?.message ?? "damaged")
            consequences.hasIncidents = true
        case .delete where result.succeeded:
            try judgement.deleted(backup, operation.destination)
        case .restore where operation.failure?.code == BackupError.Code.integrity.rawValue:
            // Who restores elsewhere may say anything of a copy: each is read again, by whom it belongs to.
            consequences.toVerify.append(backup.id)
        case .verify, .restore, .delete:
            break
        }
    }
}
