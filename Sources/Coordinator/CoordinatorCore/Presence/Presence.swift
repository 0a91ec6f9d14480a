import Catalog
import Foundation
import Synchronization
import Wire

/// What the check-ins of all agents say, in memory: who was seen when, what is running, and who waits for an answer.
final class Presence: Sendable {
    private struct State {
        var sightings: [UUID: AgentSighting] = [:]
        var unsaved: Set<UUID> = []
        var running: [UUID: [RunProgress]] = [:]
        /// Of each agent what it said last; of the coordinator's own (nil) what goes on now.
        var commands: [UUID?: [UUID: CommandProgress]] = [:]
        var waiters: [UUID: [UUID: AsyncStream<Void>.Continuation]] = [:]
        var offline: Set<UUID> = []
        var isClosing = false
        var remains: [UUID: [Remain]] = [:]
        /// How discards ended, for whoever waits for it.
        var discards: [UUID: CommandResult] = [:]
    }

    private let state = Mutex(State())
    /// Runs, and commands, that one agent can have at work.
    private static let most = 1000

    /// Notes a check-in. Says whether the agent was held to be offline until now.
    func note(_ request: CheckInRequest, from agent: UUID, at now: Date) -> Bool {
        state.withLock { state in
            var sighting = AgentSighting(
                at: now, version: String(request.holdfast.prefix(40)),
                clockSkewMilliseconds: Int64((request.clock.timeIntervalSince(now) * 1000).rounded()),
                spoolDepth: request.spoolDepth)
            sighting.answers = request.version.rawValue >= 2
            sighting.restoresParts = request.version.rawValue >= 3
            sighting.putAside = request.putAside.map { min(max($0, 0), 1_000_000) }
            sighting.trouble = request.trouble.map { String($0.prefix(500)) }
            if let facts = request.databases, facts.count > AgentCaps.databases {
                sighting.trouble = AgentCaps.tooMany(facts)
            }
            state.sightings[agent] = sighting
            state.unsaved.insert(agent)
            let running = request.running.prefix(Self.most).map(\.bounded)
            state.running[agent] = running.isEmpty ? nil : running
            let commands = request.commands.prefix(Self.most).map { ($0.command, $0.bounded) }
            state.commands[agent] = commands.isEmpty ? nil : Dictionary(commands) { $1 }
            if let remains = request.remains { state.remains[agent] = remains.prefix(100).map(\.bounded) }
            return state.offline.contains(agent)
        }
    }

    /// What restores keep on the host of an agent; nil when it has not said.
    func remains(of agent: UUID) -> [Remain]? { state.withLock { $0.remains[agent] } }

    func note(discard result: CommandResult) {
        state.withLock { state in
            if state.discards.count >= Self.most { state.discards = [:] }
            state.discards[result.command] = result
        }
    }

    func discard(_ command: UUID) -> CommandResult? { state.withLock { $0.discards[command] } }

    func sighting(of agent: UUID) -> AgentSighting? { state.withLock { $0.sightings[agent] } }

    func sightings() -> [UUID: AgentSighting] { state.withLock { $0.sightings } }

    /// What one agent says is running.
    func running(on agent: UUID) -> [RunProgress] { state.withLock { $0.running[agent] ?? [] } }

    func running() -> [UUID: [RunProgress]] { state.withLock { $0.running } }

    /// What this agent, or (nil) the coordinator itself, says of the command.
    func progress(of command: UUID, by agent: UUID?) -> CommandProgress? {
        state.withLock { $0.commands[agent]?[command] }
    }

    /// How far something is that the coordinator does itself; the operation's id stands for the command's.
    func note(_ progress: CommandProgress) {
        state.withLock { $0.commands[nil as UUID?, default: [:]][progress.command] = progress }
    }

    func forget(command: UUID, of agent: UUID?) { state.withLock { $0.commands[agent]?[command] = nil } }

    /// Sightings that the catalog does not have yet; they count as saved from now on.
    func takeUnsaved() -> [UUID: AgentSighting] {
        state.withLock { state in
            defer { state.unsaved = [] }
            return state.sightings.filter { state.unsaved.contains($0.key) }
        }
    }

    /// They were not saved after all.
    func putBack(_ sightings: [UUID: AgentSighting]) {
        state.withLock { $0.unsaved.formUnion(sightings.keys) }
    }

    /// Another host has this agent's place, and was not heard of yet.
    func forget(_ agent: UUID) {
        state.withLock { state in
            (state.sightings[agent], state.running[agent], state.commands[agent]) = (nil, nil, nil)
            state.remains[agent] = nil
            state.unsaved.remove(agent)
            state.offline.remove(agent)
        }
    }

    func setOffline(_ agents: Set<UUID>) { state.withLock { $0.offline = agents } }

    func setOnline(_ agent: UUID) { state.withLock { _ = $0.offline.remove(agent) } }
}

// Waiting: a check-in is held open until something is there for its agent.
extension Presence {
    /// Begins to wait; whatever happens from now on is noticed. To be ended with ``stopWaiting(_:_:)``.
    func startWaiting(_ agent: UUID, _ waiter: UUID) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            if state.isClosing { continuation.finish() }
            state.waiters[agent, default: [:]][waiter] = continuation
        }
        return stream
    }

    func stopWaiting(_ agent: UUID, _ waiter: UUID) {
        state.withLock { state in
            state.waiters[agent]?[waiter] = nil
            if state.waiters[agent]?.isEmpty == true { state.waiters[agent] = nil }
        }
    }

    /// There is something for these agents.
    func wake(_ agents: some Collection<UUID>) {
        let continuations = state.withLock { state in
            agents.flatMap { state.waiters[$0].map { Array($0.values) } ?? [] }
        }
        for continuation in continuations { continuation.yield() }
    }

    /// The coordinator ends: every held check-in is answered now, and none is held any more.
    func close() {
        let continuations = state.withLock { state in
            state.isClosing = true
            return state.waiters.values.flatMap { Array($0.values) }
        }
        for continuation in continuations { continuation.finish() }
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }
}

extension Remain {
    /// As much of it as is kept.
    fileprivate var bounded: Self {
        var copy = self
        (copy.name, copy.by) = (String(name.prefix(4096)), String(by.prefix(500)))
        (copy.kind, copy.what) = (String(kind.prefix(20)), String(what.prefix(20)))
        copy.obstacle = obstacle.map { String($0.prefix(500)) }
        (copy.agent, copy.bytes) = (nil, bytes.map(clamped))
        return copy
    }
}

extension RunProgress {
    /// With figures whose sums cannot overflow.
    fileprivate var bounded: Self {
        var copy = self
        (copy.plainBytes, copy.storedBytes) = (clamped(plainBytes), clamped(storedBytes))
        return copy
    }
}

extension CommandProgress {
    /// With figures whose sums cannot overflow.
    fileprivate var bounded: Self {
        var copy = self
        (copy.bytes, copy.totalBytes) = (clamped(bytes), totalBytes.map(clamped))
        return copy
    }
}

private func clamped(_ bytes: Int64) -> Int64 { min(max(bytes, 0), 1 << 50) }
