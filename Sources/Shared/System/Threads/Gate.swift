import Glibc

/// A mutex and its condition: what the queues and pools here are built on.
///
/// `@unchecked Sendable`: both are made for use by many threads, live as long as the object, and never move.
final class Gate: @unchecked Sendable {
    /// How long one wait lasts before the waiter looks at its ``StopSignal`` again.
    private static let slice = 50_000_000  // nanoseconds

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)  // a stepped clock must not stretch a wait
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` while holding the mutex. Not to be nested.
    func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Inside ``locked(_:)``: waits until `isReady`, or returns false when `stop` was stopped first.
    func wait(stop: StopSignal?, until isReady: () -> Bool) -> Bool {
        while !isReady() {
            if let stop, stop.isStopped { return false }
            var until = timespec()
            clock_gettime(CLOCK_MONOTONIC, &until)
            until.tv_nsec += Self.slice
            if until.tv_nsec >= 1_000_000_000 {
                until.tv_nsec -= 1_000_000_000
                until.tv_sec += 1
            }
            pthread_cond_timedwait(condition, mutex, &until)
        }
        return true
    }

    /// Wakes all who wait, to look again.
    func wakeAll() { pthread_cond_broadcast(condition) }
}
