import Archive
import CoordinatorClient
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Storage
import Threads
import Wire

/// Carries out commands: each one names only what this host's own configuration declares.
struct CommandService: Service {
    let world: AgentWorld
    let desk: CommandDesk
    let agent: AgentIdentity
    let board: RunBoard
    let engines: EngineCatalog
    let destinations: DestinationOpener
    let link: CoordinatorLink
    let voice: AgentVoice
    let configuration: LiveConfiguration
    let remains: RemainsBoard
    let logger: Logger

    func run() async throws {
        guard await board.ready() else { return await untilTold() }
        let queue = desk.queue
        // Long work a little at a time, and a restore, for which somebody waits, not behind verifications. Asking to stop,
        // to begin or to delete waits for nothing.
        let (restores, verifications) = (Slots(), Slots())
        await withDiscardingTaskGroup { group in
            for await command in queue.cancelOnGracefulShutdown() {
                let slots = command.restore != nil ? restores : command.verify != nil ? verifications : nil
                group.addTask {
                    await slots?.take(of: 2)
                    await carryOut(command)
                    await slots?.give()
                }
            }
            group.cancelAll()
        }
    }

    private func carryOut(_ command: Command) async {
        var end: CommandDesk.End
        do {
            guard command.expiresAt > world.now() else {
                throw BackupError(.cancelled, "the command came after it had expired")
            }
            guard await !desk.stop(of: command.id).isStopped else {
                throw BackupError(.cancelled, "it was cancelled before it began")
            }
            guard let order = command.order else {
                throw BackupError(.usage, "this agent does not know the command \(command.verb.text); upgrade it")
            }
            if let restore = command.restore {
                logger.notice(
                    "restore begins",
                    metadata: ["backup": "\(restore.backup)", "to": "\(restore.target ?? "a new target")"])
            }
            end = try await perform(order, command.id)
            if command.restore != nil { logger.notice("restore ended") }
            if command.restore != nil || command.discard != nil { await remains.lookAgain() }
        } catch let error as BackupError {
            end = .failed(error)
        } catch {
            end = .failed(
                BackupError(error is CancellationError ? .cancelled : .bug, "the command failed", cause: error))
        }
        if case .failed(let error) = end {
            logger.error("command failed", metadata: ["verb": "\(command.verb.text)", "error": "\(error)"])
        }
        do {
            try await desk.finish(command.id, end)
        } catch {
            logger.error("a command's end could not be written", metadata: ["error": "\(error)"])
        }
    }

    private func perform(_ order: CommandOrder, _ id: UUID) async throws -> CommandDesk.End {
        switch order {
        case .backup(let order): return try await backup(order, id)
        case .cancel(let work):
            var found = await desk.cancel(work)
            if !found { found = try await board.cancel(work) }
            guard found else { throw BackupError(.notFound, "this is not at work on this host") }
            return .done(message: "asked to stop", proof: nil, restoredTo: nil, bytes: 0)
        case .verify(let order):
            return try await VerifyJob(order: order, id: id, destinations: destinations, desk: desk).run()
        case .restore(let order):
            let (link, instance, limits) = (link, voice.process.instance, destinations.limits)
            let links = RestoreLinks(order.sources, logger: logger) {
                let fresh = try await link.current().links(LinkRequest(command: id, instance: instance)).sources
                for source in fresh { try limits.requireReadable(source) }
                return fresh
            }
            return try await RestoreJob(
                order: order, id: id, engines: engines, destinations: destinations, desk: desk, world: world,
                links: links, logger: logger
            ).run()
        case .discard(let order):
            let remains = RestoreRemains(
                journal: RestoreJournal(destinations.paths, now: world.now), configuration: configuration.current,
                paths: destinations.paths, stop: await desk.stop(of: id))
            return try await DiscardJob(order: order, remains: remains, limits: destinations.limits).run()
        case .delete(let order):
            return try await DeleteJob(order: order, agentName: agent.name, destinations: destinations).run()
        }
    }

    /// The run reports for itself; the command is done when the run is admitted.
    private func backup(_ order: BackupOrder, _ id: UUID) async throws -> CommandDesk.End {
        _ = try engines.engine(for: order.entry.database, kind: order.entry.kind)
        try destinations.limits.meet(order.destinations)
        let job = RunJob(
            run: order.run, command: id, entry: order.entry, destinations: order.destinations, tiers: order.tiers,
            nominalAt: order.nominalAt)
        switch try await board.submit(job) {
        case .accepted, .known:
            return .done(message: "begun", proof: nil, restoredTo: nil, bytes: 0)
        case .overlap(let other):
            let reason = RunBoard.reason(other)
            var report = RunReport(job: job, attempt: 1, sequence: 1, at: world.now(), event: .skipped)
            report.reason = reason
            try await desk.tell(report)
            return .done(message: "skipped: \(reason)", proof: nil, restoredTo: nil, bytes: 0)
        }
    }
}
