import Synchronization

/// How far a chain has come; read by anyone at any time.
package final class ChainProgress: Sendable {
    private let plain = Atomic<Int64>(0)
    private let stored = Atomic<Int64>(0)

    package init() {}

    /// Bytes taken from the engine so far.
    package var plainBytes: Int64 { plain.load(ordering: .relaxed) }

    /// Bytes handed to the destinations so far.
    package var storedBytes: Int64 { stored.load(ordering: .relaxed) }

    func addPlain(_ bytes: Int) { plain.add(Int64(bytes), ordering: .relaxed) }

    func addStored(_ bytes: Int) { stored.add(Int64(bytes), ordering: .relaxed) }
}
