import Foundation
import Synchronization

/// Keeps what the coordinator said of its catalog: in memory at once, and on disk now and then, for a coordinator that has forgotten
/// what it acknowledged to learn it from its agents.
final class MarkKeeper: Sendable {
    private struct State {
        var current: String?
        var savedAt: ContinuousClock.Instant?
    }

    private let file: DurableFile<String>
    private let uptime: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>
    /// What is longer is none of a coordinator's marks.
    private static let most = 200
    /// Between two writes: every report of any host moves the mark on.
    private static let pause: Duration = .seconds(60)

    init(file url: URL, uptime: @escaping @Sendable () -> ContinuousClock.Instant) {
        file = DurableFile(url: url)
        self.uptime = uptime
        // One that is damaged is as good as none: the next answer brings another.
        state = Mutex(State(current: (try? file.load()) ?? nil, savedAt: nil))
    }

    var current: String? { state.withLock { $0.current } }

    func keep(_ mark: String) {
        guard mark.utf8.count <= Self.most else { return }
        let now = uptime()
        let isDue = state.withLock { state -> Bool in
            guard state.current != mark else { return false }
            state.current = mark
            guard state.savedAt.map({ now - $0 >= Self.pause }) ?? true else { return false }
            state.savedAt = now
            return true
        }
        // On a full disk it is kept in memory.
        if isDue { try? file.save(mark) }
    }
}
