import Synchronization

/// One wish to stop, told to all who share it. Blocking work looks at it between steps; it never goes back.
package final class StopSignal: Sendable {
    private let flag = Atomic<Bool>(false)
    private let parent: StopSignal?

    package init() { parent = nil }

    /// A signal that is also stopped when `parent` is; stopping it leaves `parent` alone.
    package init(following parent: StopSignal) { self.parent = parent }

    package var isStopped: Bool { flag.load(ordering: .acquiring) || (parent?.isStopped ?? false) }

    /// Wishes it, for ever. Harmless when wished before.
    package func stop() { flag.store(true, ordering: .releasing) }
}
