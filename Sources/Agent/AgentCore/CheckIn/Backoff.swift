import CoordinatorClient
import Domain
import Foundation

/// How long to leave the coordinator alone after a failure: 1 s doubling to 60 s with full jitter, and never less than
/// it asked for, so that a fleet does not come back all at once.
struct Backoff {
    private var failures = 0

    mutating func succeeded() { failures = 0 }

    /// Seconds to wait after one more failure; `chance` is 0 up to 1.
    mutating func failed(_ error: any Error, chance: Double) -> Double {
        failures = min(failures + 1, 16)
        let ceiling = min(60, pow(2, Double(failures - 1)))
        let asked = (error as? BackupError)?.retryAfterSeconds.map(Double.init) ?? 0
        return max(asked, 0.2) + ceiling * chance
    }
}
