import Domain
import Foundation
import Synchronization
import Wire

/// The one rebuild of the catalog that is asked for, at work, or done. In memory: one that a stop broke off is asked for again, and finds
/// what it had taken in already.
final class RebuildDesk: Sendable {
    struct Job: Sendable {
        let place: CatalogPlace?
        let dryRun: Bool
        let by: String
        /// Names of hosts that need not be looked at.
        let without: Set<String>
        /// Hosts that wait to be admitted need not be looked at either.
        let withoutWaiting: Bool
    }

    private struct State {
        var job: Job?
        var view: RebuildView?
        var unseen: [String] = []
        var unseenCount = 0
    }

    private let state = Mutex(State())
    /// Refusals that are kept in words.
    private static let most = 50

    var view: RebuildView? { state.withLock { $0.view } }

    /// Throws `.busy` while one is at work.
    func ask(_ job: Job, at now: Date) throws(BackupError) -> RebuildView {
        let view: RebuildView? = state.withLock { state in
            guard state.view?.state != .running else { return nil }
            (state.job, state.view) = (
                job, RebuildView(dryRun: job.dryRun, startedAt: now, phase: "waiting for its turn")
            )
            (state.unseen, state.unseenCount) = ([], 0)
            return state.view
        }
        guard let view else {
            throw BackupError(.busy, "a rebuild of the catalog is at work: `holdfast catalog show` tells how far it is")
        }
        return view
    }

    func take() -> Job? {
        state.withLock { state in
            defer { state.job = nil }
            return state.job
        }
    }

    func change(_ body: (inout RebuildView) -> Void) {
        state.withLock { state in
            guard var view = state.view else { return }
            body(&view)
            state.view = view
        }
    }

    /// Something that belongs to the fleet could not be looked at: what is there is not known.
    func couldNotLook(_ words: String) {
        state.withLock { state in
            state.unseenCount += 1
            if state.unseen.count < 20 { state.unseen.append(String(words.prefix(300))) }
        }
    }

    /// What was not looked at, for people; nil when all was.
    var unseen: String? {
        state.withLock { state in
            guard state.unseenCount > 0 else { return nil }
            let more = state.unseenCount - state.unseen.count
            return state.unseen.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
        }
    }

    func refuse(_ words: String) {
        change { view in
            view.refusedCount += 1
            if view.refused.count < Self.most { view.refused.append(String(words.prefix(500))) }
        }
    }
}
