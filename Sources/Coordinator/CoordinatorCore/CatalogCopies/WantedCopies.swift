import Domain
import Synchronization

/// Whether something was decided since the last copy of the catalog that a copy should not be without for long: who may speak, and what
/// is to be done. In memory: a start makes a copy when one is due.
final class WantedCopies: Sendable {
    private let wanted = Mutex(false)

    private let isCopying = Mutex(false)

    /// Waits until no other copy is being made. Throws `.cancelled` with the task.
    func takeTurn() async throws(BackupError) {
        while true {
            let isFree = isCopying.withLock { isCopying in
                defer { isCopying = true }
                return !isCopying
            }
            if isFree { return }
            do { try await Task.sleep(for: .milliseconds(100)) } catch {
                throw BackupError(.cancelled, "waiting for another copy of the catalog")
            }
        }
    }

    func endTurn() { isCopying.withLock { $0 = false } }

    func want() { wanted.withLock { $0 = true } }

    var areWanted: Bool { wanted.withLock { $0 } }

    func take() -> Bool {
        wanted.withLock { wanted in
            defer { wanted = false }
            return wanted
        }
    }
}
