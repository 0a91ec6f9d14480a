import Synchronization

/// How far a command of this host is, for who shows it: written by who does the work, read by another.
package final class WorkProgress: Sendable {
    /// One step of the work.
    package struct Step: Sendable {
        /// Rises with each step.
        package let number: Int
        /// What is done, such as `checking`; empty before the first step.
        package let name: String
        /// So far.
        package let bytes: Int64
        /// How many it will be; nil when that is not known.
        package let total: Int64?
    }

    private struct State {
        var number = 0
        var name = ""
        var total: Int64?
        var bytes: @Sendable () -> Int64 = { 0 }
    }
    private let state = Mutex(State())

    package init() {}

    /// As it stands.
    package var step: Step {
        let state = state.withLock { $0 }
        return Step(number: state.number, name: state.name, bytes: state.bytes(), total: state.total)
    }

    /// From now on this is done; answers with what counts its bytes.
    func begin(_ name: String, total: Int64?) -> ByteCounter {
        let counter = ByteCounter()
        begin(name, total: total) { counter.bytes }
        return counter
    }

    /// So many are done, for work that counts by itself.
    func set(bytes: Int64) { state.withLock { $0.bytes = { bytes } } }

    /// The same, for bytes that are counted elsewhere.
    func begin(_ name: String, total: Int64?, bytes: @escaping @Sendable () -> Int64) {
        state.withLock { state in
            state = State(number: state.number + 1, name: name, total: total, bytes: bytes)
        }
    }
}
