package import Domain
package import Foundation
package import Wire

/// The plan that the agent fires from: on disk, so that it holds without the coordinator and across restarts.
package actor PlanStore {
    /// Why the scheduler should look.
    package enum Change: Sendable { case tick, plan }

    package private(set) var current: Plan
    private let file: DurableFile<Plan>
    private let continuation: AsyncStream<Change>.Continuation
    /// Yields when there is a new plan, and with every tick. For one listener.
    package nonisolated let changes: AsyncStream<Change>

    /// Loads the cached plan. A damaged file counts as none: the coordinator sends the plan again, since the revision
    /// is then 0.
    package init(file url: URL) {
        file = DurableFile(url: url)
        // Damaged and absent are the same here, as said above.
        current = (try? file.load()) ?? .empty
        (changes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
        continuation.yield(.plan)
    }

    /// Takes over a new plan, on disk first.
    package func replace(_ plan: Plan) throws(BackupError) {
        try file.save(plan)
        current = plan
        continuation.yield(.plan)
    }

    func tick() { continuation.yield(.tick) }
}
