package import Domain
package import Foundation
package import Wire

/// The plan that the agent fires from: on disk, so that it holds without the coordinator and across restarts.
package actor PlanStore {
    /// Why the scheduler should look.
    package enum Change: Sendable { case tick, plan }

    package private(set) var current: Plan
    /// Why there is no plan although there was one, until there is one again.
    package private(set) var trouble: String?
    private let file: DurableFile<Plan>
    /// The same a second time: a disk that spoils one spares the other.
    private let copy: DurableFile<Plan>
    private let continuation: AsyncStream<Change>.Continuation
    /// Yields when there is a new plan, and with every tick. For one listener.
    package nonisolated let changes: AsyncStream<Change>

    /// Loads the cached plan, or its copy where it is damaged or gone. When both are, there is none, which ``trouble`` says
    /// loudly: the revision is then 0, for which the coordinator sends the plan again.
    package init(file url: URL) {
        file = DurableFile(url: url)
        copy = DurableFile(url: Self.copy(of: url))
        (current, trouble) = Self.read(file, copy)
        (changes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
        continuation.yield(.plan)
    }

    static func copy(of url: URL) -> URL { url.deletingLastPathComponent().appending(path: "plan-copy.json") }

    /// What lies there, and why there is none although there was one; changes nothing.
    static func read(file url: URL) -> (plan: Plan, trouble: String?) {
        read(DurableFile(url: url), DurableFile(url: copy(of: url)))
    }

    private static func read(_ file: DurableFile<Plan>, _ copy: DurableFile<Plan>) -> (Plan, String?) {
        var problem: String?
        for one in [file, copy] {
            do throws(BackupError) {
                if let plan = try one.load() { return (plan, nil) }
            } catch {
                problem = problem ?? error.message
            }
        }
        let words = "no backup is due until the coordinator has sent the plan again"
        return (.empty, problem.map { "the plan cannot be read (\($0)), and there is no copy of it: \(words)" })
    }

    /// Takes over a new plan, on disk first.
    package func replace(_ plan: Plan) throws(BackupError) {
        try file.save(plan)
        (current, trouble) = (plan, nil)
        mend()
        continuation.yield(.plan)
    }

    /// Makes both files hold the current plan, where there is one.
    package func mend() {
        guard current != .empty else { return }
        for one in [file, copy] where (try? one.load()) != current {
            // On a full disk the other one still holds it, and the next start tries again.
            try? one.save(current)
        }
    }

    func tick() { continuation.yield(.tick) }
}
