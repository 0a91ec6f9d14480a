import Synchronization

/// How many connections there are that have shown no agent's certificate, in all and from each address: nobody who cannot prove who
/// it is takes the place of those who can.
final class ConnectionCensus: Sendable {
    private struct State {
        /// Without a certificate up to now, those in their handshake among them.
        var unproven: [String: Int] = [:]
        /// Whose handshake brought none.
        var anonymous = 0
    }

    private let state = Mutex(State())
    private let most: Int
    private let fromOneAddress: Int

    init(most: Int, fromOneAddress: Int) { (self.most, self.fromOneAddress) = (most, fromOneAddress) }

    /// A connection begins. False when there are enough from there: it is to be closed, before anything is signed for it.
    func enter(_ origin: String) -> Bool {
        state.withLock { state in
            state.unproven[origin, default: 0] += 1
            return state.unproven[origin, default: 0] <= fromOneAddress
        }
    }

    /// It showed a certificate, or it is gone.
    func leave(_ origin: String) {
        state.withLock { state in
            let left = (state.unproven[origin] ?? 1) - 1
            state.unproven[origin] = left > 0 ? left : nil
        }
    }

    /// Its handshake is over and brought no certificate. False when there are enough of these.
    func stayAnonymous() -> Bool {
        state.withLock { state in
            state.anonymous += 1
            return state.anonymous <= most
        }
    }

    /// One of them is gone.
    func leaveAnonymous() { state.withLock { $0.anonymous -= 1 } }
}
