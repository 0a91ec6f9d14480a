import Daemon
import Domain
import Wire

/// What the end of an operation means for the exit status.
enum OperationEnd {
    /// By the failure's own code; an operation that its agent did not take is "not reachable".
    static func status(_ operation: OperationView) -> ExitStatus {
        switch operation.state {
        case .succeeded: .ok
        case .expired: ExitStatus(.unreachable)
        case .cancelled: ExitStatus(.cancelled)
        case .pending, .running: .failed
        case .failed:
            operation.failure.flatMap { BackupError.Code(rawValue: $0.code) }.map { ExitStatus($0) } ?? .failed
        }
    }

    static func words(_ operation: OperationView) -> String {
        if operation.state == .expired {
            return operation.message ?? "agent \(operation.agent ?? "") did not take it in time"
        }
        return operation.failure?.message ?? operation.message ?? "no reason was given"
    }

    /// Damage is worse than anything that only kept us from looking.
    static func rank(_ status: ExitStatus) -> Int {
        switch status {
        case .ok: 0
        case ExitStatus(.integrity): 3
        case ExitStatus(.notFound): 2
        default: 1
        }
    }
}
