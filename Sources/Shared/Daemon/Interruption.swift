import Glibc
import UnixSignals

/// Does the work of one command. At SIGINT, SIGTERM and SIGHUP `stop` is called, so that the work can end early and put away what it
/// has begun; the second of them ends the program at once.
package func stoppingAtSignals<Value: Sendable>(
    _ stop: @escaping @Sendable () -> Void, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            var isStopped = false
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup) {
                if isStopped { exit(130) }
                isStopped = true
                stop()
            }
            return nil
        }
        defer { group.cancelAll() }
        while let ended = try await group.next() {
            if let value = ended { return value }
        }
        throw CancellationError()
    }
}
