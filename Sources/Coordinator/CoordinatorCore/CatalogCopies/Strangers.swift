import Foundation
import Sealing
import Synchronization

/// Hosts that speak with a certificate of our own authority while the catalog has no key of them: they were enrolled, and the catalog
/// has forgotten it. In memory: they call again within minutes.
final class Strangers: Sendable {
    struct Stranger: Sendable {
        let certificate: Certificate
        /// As it calls itself.
        let name: String?
        let remote: String
        let at: Date
    }

    private let known = Mutex<[UUID: Stranger]>([:])
    private static let most = 20_000

    /// True when it was not known before. Of two keys for one id that is the host's whose certificate was given out last.
    func note(_ stranger: Stranger, id: UUID) -> Bool {
        known.withLock { known in
            guard let other = known[id] else {
                guard known.count < Self.most else { return false }
                known[id] = stranger
                return true
            }
            if other.certificate.notBefore <= stranger.certificate.notBefore { known[id] = stranger }
            return false
        }
    }

    func forget(_ id: UUID) { known.withLock { known in known[id] = nil } }

    var all: [UUID: Stranger] { known.withLock { $0 } }
}
