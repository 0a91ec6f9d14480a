import Daemon
package import Domain
package import Foundation
import Threads
package import Wire

/// Commands from the coordinator: on disk before they are acknowledged, carried out at most once by id.
///
/// What is at work when the agent is killed is told as failed at the next start, except backups, which their own journal
/// brings to an end.
package actor CommandDesk {
    private let folder: URL
    private let world: AgentWorld
    private let spool: Spool
    private let journal: RunJournal
    private let continuation: AsyncStream<Command>.Continuation
    /// Commands to carry out, in order. For one listener.
    package nonisolated let queue: AsyncStream<Command>

    private var unacknowledged: [UUID] = []
    /// Ids that were received in the last day; a command that is delivered twice is carried out once.
    private var seen: [UUID: Date] = [:]
    private var working: [UUID: CommandProgress] = [:]
    /// For those at work, and those that wait.
    private var stops: [UUID: StopSignal] = [:]

    package init(folder: URL, world: AgentWorld, spool: Spool, journal: RunJournal) throws(BackupError) {
        self.folder = folder
        self.world = world
        self.spool = spool
        self.journal = journal
        (queue, continuation) = AsyncStream.makeStream()
        try PrivateDirectory.ensure(folder.path)
    }

    private func file(_ id: UUID) -> DurableFile<Command> {
        DurableFile(url: folder.appending(path: id.uuidString.lowercased() + ".json"))
    }

    /// Takes up what an earlier agent left. To be called before the first check-in and before interrupted runs are ended,
    /// whose journal it reads.
    func recover() async throws(BackupError) {
        // Done, and told: a second delivery must not do it again.
        for command in await spool.commands() { seen[command] = world.now() }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            // Taken for empty, what was begun would never end, and what is sent again would be done again.
            throw BackupError(.configuration, "the folder of commands, \(folder.path), cannot be listed", cause: error)
        }
        for name in names {
            guard let id = UUID(uuidString: String(name.dropLast(5))) else { continue }
            seen[id] = world.now()
            do throws(BackupError) {
                guard let command = try file(id).load() else { continue }
                if case .backup(let order) = command.order {
                    // Begun, then its journal brings it to an end; not begun, then it begins now.
                    if try journal.read(order.run) != nil {
                        try file(id).remove()
                    } else {
                        take(command)
                    }
                    continue
                }
                // A restore that was killed leaves what it had loaded, and never under a final name.
                let left =
                    command.restore == nil
                    ? ""
                    : "; what it left is dropped at this start, unless all was loaded or somebody uses it (`holdfast-agent restored list`)"
                try await finish(
                    id, .failed(BackupError(.cancelled, "the agent stopped while it worked on this" + left)))
            } catch {
                // On a disk that is full not even that can be told; the agent has other work, and the next start tells it.
                if error.code == .integrity { try? await finish(id, .failed(error)) }
            }
        }
    }

    var toAcknowledge: [UUID] { unacknowledged }

    /// The coordinator knows that these arrived.
    func acknowledged(_ ids: [UUID]) { unacknowledged.removeAll(where: ids.contains) }

    var progress: [CommandProgress] { Array(working.values) }

    func update(_ progress: CommandProgress) {
        if working[progress.command] != nil { working[progress.command] = progress }
    }

    /// `clock` is the coordinator's, which said until when the command holds: this host's own may be wrong.
    func receive(_ command: Command, clock: Date) async throws(BackupError) {
        let now = world.now()
        var command = command
        command.expiresAt += now.timeIntervalSince(clock)
        let isKnown = seen[command.id] != nil
        // On disk before it is acknowledged: what was acknowledged is never sent again.
        if !isKnown { try file(command.id).save(command) }
        if !unacknowledged.contains(command.id) { unacknowledged.append(command.id) }
        guard !isKnown else { return }
        seen = seen.filter { now.timeIntervalSince($0.value) < 86_400 || working[$0.key] != nil }
        seen[command.id] = now
        take(command)
    }

    /// The wish to stop this command; whoever carries it out looks at it.
    func stop(of command: UUID) -> StopSignal { stops[command] ?? StopSignal() }

    /// Asks a command to stop; false when it is not at work here.
    func cancel(_ command: UUID) -> Bool {
        guard let stop = stops[command] else { return false }
        stop.stop()
        return true
    }

    private func take(_ command: Command) {
        stops[command.id] = StopSignal()
        working[command.id] = CommandProgress(command: command.id, phase: "waiting", bytes: 0, totalBytes: nil)
        continuation.yield(command)
    }

    /// Reports about a run that never began.
    func tell(_ report: RunReport) async throws(BackupError) { try await spool.add(run: report) }

    /// How a command ended.
    enum End {
        /// `lacking` says that not all of it could be done.
        case done(message: String, proof: ProofLevel?, restoredTo: String?, bytes: Int64, lacking: Failure? = nil)
        case failed(BackupError)
    }

    /// Says how it ended, in the spool first, and forgets it.
    func finish(_ id: UUID, _ end: End) async throws(BackupError) {
        let now = world.now()
        let result =
            switch end {
            case .done(let message, let proof, let restoredTo, let bytes, let lacking):
                CommandResult(
                    command: id, at: now, succeeded: true, failure: lacking, message: message, proof: proof,
                    restoredTo: restoredTo,
                    bytes: bytes)
            case .failed(let error):
                CommandResult(
                    command: id, at: now, succeeded: false,
                    failure: Failure(code: error.code.rawValue, message: error.description), message: error.description)
            }
        working[id] = nil
        stops[id] = nil
        try await spool.add(command: result)
        try file(id).remove()
    }
}
