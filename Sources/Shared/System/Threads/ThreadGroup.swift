import Foundation
import Glibc

/// By how much these threads yield to others of the machine: compressing waits for the database and its dump tool, which
/// share the cores, and not they for it. That is kinder to the host, and the whole backup is faster for it.
private let niceness: Int32 = 10

/// Threads that belong together: they are waited for together, and the first error of one stops all.
///
/// The group's ``stop`` is what its threads wait with; it also follows the signal that the group was made with.
///
/// `@unchecked Sendable`: all mutable state is touched inside the gate only.
package final class ThreadGroup<Failure: Error>: @unchecked Sendable {
    /// Stopped by the first error, by ``StopSignal/stop()``, or with the signal that it follows.
    package let stop: StopSignal

    private let gate = Gate()
    private var running = 0
    private var firstError: Failure?

    package init(following stop: StopSignal) { self.stop = StopSignal(following: stop) }

    /// Starts a thread, of lower priority than the process. `name` is what `top -H` shows, at most 15 bytes.
    package func spawn(_ name: String, _ work: @escaping @Sendable () throws(Failure) -> Void) {
        gate.locked { running += 1 }
        let body: @Sendable () -> Void = { [self] in
            Thread.current.name = name
            // On Linux this is the calling thread's alone, setpriority(2); refused, it stays as it was.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
            var failure: Failure?
            do throws(Failure) { try work() } catch { failure = error }
            ended(failure)
        }
        // A system that has no thread to give is waited for: the others of the group wait for this one's work.
        while !DetachedThread.start(stackBytes: 512 << 10, body) { usleep(100_000) }
    }

    /// Waits until every thread has ended. Throws the first error that one of them ended with.
    package func join() throws(Failure) {
        let error = gate.locked {
            // Without a signal: a thread that was told to stop is still waited for.
            _ = gate.wait(stop: nil, until: { running == 0 })
            return firstError
        }
        if let error { throw error }
    }

    private func ended(_ failure: Failure?) {
        gate.locked {
            running -= 1
            if let failure {
                if firstError == nil { firstError = failure }
                stop.stop()
            }
            gate.wakeAll()
        }
    }
}
