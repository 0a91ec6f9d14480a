import Domain
import Synchronization
import Threads

/// How the coordinator's own readings take turns.
enum TurnRule {
    /// How often a reading is begun that the coordinator did not live to end.
    static let beginnings = 5
    /// How often the one who reads looks up.
    static let look: Duration = .milliseconds(200)
}

/// The reading of one copy that is under way: whoever ends it says why.
final class ReadingTurn: Sendable {
    enum End: Sendable, Equatable {
        /// Others wait: it begins anew after them, with more time.
        case turnIsOver
        case tookTooLong
        case cancelled
    }

    let stop = StopSignal()
    private let ended = Mutex<End?>(nil)

    /// Why it was stopped; nil when it was not.
    var end: End? { ended.withLock { $0 } }

    /// The first word counts.
    func end(_ why: End) {
        ended.withLock { $0 = $0 ?? why }
        stop.stop()
    }
}
