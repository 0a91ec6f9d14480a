import Synchronization

/// What of a stored object could not be read, for a restore that was told to take what there is: its bytes then end where the damage
/// begins. Written by who reads them, read by who loads them.
package final class ReadDamage: Sendable {
    private struct State {
        var words: String?
        var place: String?
    }
    private let state = Mutex(State())

    package init() {}

    /// Where the reading ended and why; nil as long as all could be read.
    package var words: String? { state.withLock { $0.words } }

    /// The first one counts: what comes of it is no news.
    package func note(_ words: String) { state.withLock { $0.words = $0.words ?? words } }

    /// In what the damage lies, such as the rows of a table.
    func lies(in place: String) { state.withLock { $0.place = $0.place ?? place } }

    /// For the operator; nil as long as all could be read.
    func told(missing: String) -> String? {
        state.withLock { state in
            guard let words = state.words else { return nil }
            let place = state.place.map { ", within \($0)" } ?? ""
            return "THE BACKUP IS DAMAGED and was restored up to the damage\(place): \(words). \(missing)"
        }
    }
}
