import Catalog
import Foundation
import Synchronization

/// When each folder was last compared with the catalog, since the coordinator's start.
final class LookedFolders: Sendable {
    private let times = Mutex<[CopyFolder: Date]>([:])
    private let failures = Mutex<[CopyFolder: String]>([:])

    func isDue(_ folder: CopyFolder, now: Date) -> Bool {
        guard let last = times.withLock({ $0[folder] }) else { return true }
        // Either way: a clock that went back must not end the rounds.
        return abs(now.timeIntervalSince(last)) >= EvidenceRule.round
    }

    /// Whether nobody has looked for a day, of which the coordinator was there to look.
    func isStale(_ folder: CopyFolder, since start: Date, now: Date) -> Bool {
        now.timeIntervalSince(times.withLock { $0[folder] } ?? start) > EvidenceRule.stale
    }

    func note(_ folder: CopyFolder, now: Date) {
        times.withLock { $0[folder] = now }
        failures.withLock { $0[folder] = nil }
    }

    /// It could not be looked at.
    func note(_ folder: CopyFolder, failure: String) { failures.withLock { $0[folder] = failure } }

    /// Why it could not be looked at the last time; nil when nobody tried.
    func failure(_ folder: CopyFolder) -> String? { failures.withLock { $0[folder] } }
}
