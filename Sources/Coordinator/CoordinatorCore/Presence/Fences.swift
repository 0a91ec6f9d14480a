import Catalog
import Domain
import Foundation
import Logging
import Synchronization
import Wire

/// The fences of all agents that were heard of since the start.
final class Fences: Sendable {
    private let fences = Mutex<[UUID: Fence]>([:])

    func isLoaded(_ agent: UUID) -> Bool { fences.withLock { $0[agent] != nil } }

    /// Counts only when none is there yet.
    func load(_ book: AgentProcesses, of agent: UUID, uptime: Duration) {
        fences.withLock { if $0[agent] == nil { $0[agent] = Fence(book, uptime: uptime) } }
    }

    /// Another host has this agent's place: what was heard of the processes of before is of no account.
    func forget(_ agent: UUID) { fences.withLock { $0[agent] = nil } }

    func change<Value>(_ agent: UUID, _ body: (inout Fence) -> Value) -> Value {
        fences.withLock { fences in
            var fence = fences[agent] ?? Fence(AgentProcesses())
            defer { fences[agent] = fence }
            return body(&fence)
        }
    }
}

extension Coordinator {
    /// How the process that sent this stands. What that changes is durable before it is acted on.
    func hear(_ request: CheckInRequest, from agent: AgentIdentity) async throws(BackupError) -> Fence.Standing {
        guard let process = request.process else {
            // An agent of before says nothing of itself; but nobody is let in while two are held, and who has said it goes on
            // saying it: a key alone is not the agent.
            try await loadFence(of: agent.id)
            let uptime = world.uptime()
            return fences.change(agent.id) { $0.book.heldAt != nil ? .held : $0.lives(uptime) ? .suspect : .current }
        }
        try await loadFence(of: agent.id)
        let (now, uptime) = (world.now(), world.uptime())
        let (before, after, standing, wasSetBack) = fences.change(agent.id) { fence in
            let before = fence.book
            let standing = fence.hear(process, echo: request.echo, now: now, uptime: uptime)
            let isNew = before.current?.process.instance != fence.book.current?.process.instance
            return (before, fence.book, standing, isNew && fence.wasSetBack)
        }
        // Who was last heard when is no reason to write.
        guard
            before.current?.process != after.current?.process || before.heldAt != after.heldAt
                || before.earlier.map(\.process) != after.earlier.map(\.process)
        else { return standing }
        let channels = fleet.alerts.channels
        let isCloned = before.heldAt == nil && after.heldAt != nil
        try await catalog.write { update in
            try update.setProcesses(after, of: agent.id)
            guard let record = try update.agent(agent.id) else { return }
            if isCloned {
                try update.open(.clone(record, after), channels: channels, at: now)
                try update.audit(agent.name, "held", agent.id.uuidString.lowercased(), detail: "two processes", at: now)
            }
            if wasSetBack { try update.open(.older(record, process), channels: channels, at: now) }
        }
        if isCloned || wasSetBack { bells.ring(.alerts) }
        if isCloned {
            logger.error("two processes have one agent's identity; both are held", metadata: ["agent": "\(agent.name)"])
        }
        return standing
    }

    func loadFence(of agent: UUID) async throws(BackupError) {
        guard !fences.isLoaded(agent) else { return }
        let book = try await catalog.read { try $0.processes(of: agent) }
        fences.load(book, of: agent, uptime: world.uptime())
    }

    /// Throws `.busy` unless the word of this process counts now: its reports wait where they are, and are sent again.
    func requireStanding(_ instance: UUID?, of agent: AgentIdentity) async throws(BackupError) {
        try await loadFence(of: agent.id)
        let uptime = world.uptime()
        let (standing, isHeld) = fences.change(agent.id) { fence in
            (
                instance.map { fence.word(of: $0, uptime) } ?? (fence.lives(uptime) ? .suspect : .current),
                fence.book.heldAt != nil
            )
        }
        switch (standing, isHeld) {
        case (.barred, _): throw BackupError(.forbidden, Self.barredWords(agent))
        case (.held, _), (_, true):
            throw BackupError(
                .busy,
                "two hosts speak as agent \(agent.name): nothing of either is taken until an operator has chosen with "
                    + "`holdfast agent resolve`")
        case (.waiting, _), (.suspect, _):
            throw BackupError(
                .busy,
                "another process of agent \(agent.name) was heard a moment ago; this is taken when it is known "
                    + "which one is alive")
        case (.current, _): return
        }
    }

    static func barredWords(_ agent: AgentIdentity) -> String {
        "an operator chose another host for the identity of \(agent.name): join this one anew, with an empty --data-dir"
    }
}
