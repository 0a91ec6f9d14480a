/// Async work that a blocking thread starts, and later waits for: the bridge from the data path, which blocks, to child
/// processes, which are run by async code. The one place in the programs, beside their mains, that makes a task.
package final class BackgroundWork<Value: Sendable>: Sendable {
    private let task: Task<Void, Never>
    private let result = Promise<Result<Value, any Error>>()

    package init(_ work: @escaping @Sendable () async throws -> Value) {
        task = Task { [result] in
            do { result.keep(.success(try await work())) } catch { result.keep(.failure(error)) }
        }
    }

    /// Work that nobody waits for any more ends soon.
    deinit { task.cancel() }

    /// Asks the work to end.
    package func cancel() { task.cancel() }

    /// Blocks the calling thread, which must not be one of the cooperative pool, until the work has ended. Once only:
    /// the second call gets nil.
    package func wait() throws -> Value? { try result.take()?.get() }
}

/// Runs work that must happen although the calling task is cancelled: removing what a failed restore made.
package func shielded<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    await Task { await work() }.value
}
