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
    }

    private struct State {
        var job: Job?
        var view: RebuildView?
        var unread = 0
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
            state.unread = 0
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

    /// Manifests that could not be read: what is in them is not known.
    var unread: Int { state.withLock { $0.unread } }

    func couldNotRead(_ words: String) {
        state.withLock { $0.unread += 1 }
        refuse(words)
    }

    func refuse(_ words: String) {
        change { view in
            view.refusedCount += 1
            if view.refused.count < Self.most { view.refused.append(String(words.prefix(500))) }
        }
    }
}
