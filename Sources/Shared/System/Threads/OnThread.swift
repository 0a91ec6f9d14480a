import Foundation

/// Runs blocking work on a thread of its own and waits for it without holding a thread of the cooperative pool.
///
/// The thread ends with the work. Cancelling the task does not interrupt the work: hand it a ``StopSignal``
/// (``onThread(stop:_:)`` ties the two together).
package func onThread<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
        let thread = Thread {
            do throws(Failure) {
                continuation.resume(returning: .success(try work()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        thread.stackSize = 1 << 20
        thread.start()
    }
    return try result.get()
}

/// The same, and cancelling the task stops `stop`.
package func onThread<Value: Sendable, Failure: Error>(
    stop: StopSignal, _ work: @escaping @Sendable () throws(Failure) -> Value
) async throws(Failure) -> Value {
    do {
        return try await withTaskCancellationHandler {
            try await onThread(work)
        } onCancel: {
            stop.stop()
        }
    } catch let error as Failure {
        throw error
    } catch {
        fatalError("withTaskCancellationHandler threw something that its body did not")
    }
}
