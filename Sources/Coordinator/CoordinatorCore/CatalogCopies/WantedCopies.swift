import Synchronization

/// Whether something was decided since the last copy of the catalog that a copy should not be without for long: who may speak, and what
/// is to be done. In memory: a start makes a copy when one is due.
final class WantedCopies: Sendable {
    private let wanted = Mutex(false)

    func want() { wanted.withLock { $0 = true } }

    var areWanted: Bool { wanted.withLock { $0 } }

    func take() -> Bool {
        wanted.withLock { wanted in
            defer { wanted = false }
            return wanted
        }
    }
}
