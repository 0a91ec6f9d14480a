/// Runs blocking work on a thread of its own and waits for it without holding a thread of the cooperative pool.
///
/// The thread ends with the work. Cancelling the task does not interrupt the work: hand it a ``StopSignal``
/// (``onThread(stop:_:)`` ties the two together).
package func onThread<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    try await outcome(of: work).get()
}

/// The same, and cancelling the task stops `stop`.
package func onThread<Value: Sendable, Failure: Error>(
    stop: StopSignal, _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    let ended = await withTaskCancellationHandler {
        await outcome(of: work)
    } onCancel: {
        stop.stop()
    }
    return try ended.get()
}

/// How the work ended, on its own thread.
private func outcome<Value: Sendable, Failure: Error>(
    of work: @escaping @Sendable () throws(Failure) -> Value
) async -> Result<Value, Failure> {
    while true {
        let ended: Result<Value, Failure>? = await withCheckedContinuation { continuation in
            let begun = DetachedThread.start(stackBytes: 1 << 20) {
                continuation.resume(returning: Result { () throws(Failure) in try work() })
            }
            if !begun { continuation.resume(returning: nil) }
        }
        if let ended { return ended }
        // Also after a cancellation: whoever waits is promised the work's own end.
        await shielded { try? await Task.sleep(for: .milliseconds(100)) }
    }
}
