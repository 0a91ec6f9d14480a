import Catalog
import Foundation
import Synchronization

/// When each folder was last compared with the catalog, since the coordinator's start.
final class LookedFolders: Sendable {
    private let times = Mutex<[CopyFolder: Date]>([:])

    func isDue(_ folder: CopyFolder, now: Date) -> Bool {
        guard let last = times.withLock({ $0[folder] }) else { return true }
        // Either way: a clock that went back must not end the rounds.
        return abs(now.timeIntervalSince(last)) >= EvidenceRule.round
    }

    func note(_ folder: CopyFolder, now: Date) { times.withLock { $0[folder] = now } }
}
