import Synchronization

/// Whether the client of one connection is still there, so that work done only for it ends when it goes.
final class PeerPresence: Sendable {
    private struct State {
        var isGone = false
        var onLeave: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The client went away. Said by the connection; may be said more than once.
    func leave() {
        let told = state.withLock { state in
            state.isGone = true
            defer { state.onLeave = nil }
            return state.onLeave
        }
        told?()
    }

    /// Does the work, and cancels it as soon as the client goes. One work at a time: a connection answers its requests
    /// in their order.
    func whileHere<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let (absence, signal) = AsyncStream<Never>.makeStream()
        watch { signal.finish() }
        defer { watch(nil) }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await work() }
            group.addTask {
                for await _ in absence {}
                throw CancellationError()
            }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }

    private func watch(_ onLeave: (@Sendable () -> Void)?) {
        let isGone = state.withLock { state in
            state.onLeave = onLeave
            return state.isGone
        }
        if isGone { onLeave?() }
    }
}
