import Catalog
import Domain
import Wire

/// The life of a run as a pure function (P8). Terminal states are final, except that a
/// success, however late, wins over all that is none: the backup is there.
enum RunMachine {
    /// What of a run decides what can happen to it.
    struct Stage: Sendable, Equatable {
        var state: RunState
        var attempt: Int
    }

    enum Input: Sendable, Equatable {
        case report(RunEvent, attempt: Int)
        /// A heartbeat says that it is at work.
        case heard
        /// Nothing was heard of it for 10 minutes.
        case silent
        /// Nothing was heard of it for 6 hours.
        case abandoned
    }

    /// The stage after the input; nil when it changes nothing. `current` is nil for a run that nobody told of yet.
    static func next(from current: Stage?, on input: Input) -> Stage? {
        guard let current else {
            guard case .report(let event, let attempt) = input else { return nil }
            return Stage(state: event.state, attempt: attempt)
        }
        switch input {
        case .report(let event, let attempt):
            return report(event, attempt, current)
        case .heard:
            return current.state == .unknown ? Stage(state: .running, attempt: current.attempt) : nil
        case .silent:
            return current.state == .running ? Stage(state: .unknown, attempt: current.attempt) : nil
        case .abandoned:
            return current.state.isTerminal ? nil : Stage(state: .lost, attempt: current.attempt)
        }
    }

    private static func report(_ event: RunEvent, _ attempt: Int, _ current: Stage) -> Stage? {
        if current.state.isTerminal {
            guard event == .succeeded, current.state != .succeeded else { return nil }
            return Stage(state: .succeeded, attempt: max(attempt, current.attempt))
        }
        guard attempt >= current.attempt else { return nil }
        let next = Stage(state: event.state, attempt: attempt)
        return next == current ? nil : next
    }
}

extension RunEvent {
    fileprivate var state: RunState {
        switch self {
        case .started: .running
        case .succeeded: .succeeded
        case .failed: .failed
        case .cancelled: .cancelled
        case .skipped: .skipped
        case .missed: .missed
        }
    }
}

extension RunRecord {
    var stage: RunMachine.Stage { .init(state: state, attempt: attempt) }
}
