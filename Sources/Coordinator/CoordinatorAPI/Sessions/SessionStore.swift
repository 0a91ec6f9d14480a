import CoordinatorCore
import Domain
import Foundation
import Sealing
import Synchronization

/// Who is signed in by browser. A session stands for the token that it was opened with, in memory only: a restart, or
/// the token's revocation, ends it.
final class SessionStore: Sendable {
    private struct Session {
        let token: String
        let expiresAt: Date
    }

    private let coordinator: Coordinator
    private let now: @Sendable () -> Date
    private let sessions = Mutex<[String: Session]>([:])

    static let lifetime: TimeInterval = 12 * 3600
    /// Old ones go when there are more: only who holds a token can open one.
    private static let capacity = 1000

    init(coordinator: Coordinator, now: @escaping @Sendable () -> Date) {
        self.coordinator = coordinator
        self.now = now
    }

    /// Checks the token and opens a session; answers its id, which is the secret of the cookie. Throws `.forbidden` for a
    /// token that is not known.
    func open(token: String) async throws -> String {
        _ = try await coordinator.authenticateOperator(token: token)
        let id = hex(try randomBytes(32))
        let session = Session(token: token, expiresAt: now() + Self.lifetime)
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.expiresAt > now() }
            if sessions.count >= Self.capacity,
                let oldest = sessions.min(by: { $0.value.expiresAt < $1.value.expiresAt })
            {
                sessions[oldest.key] = nil
            }
            sessions[id] = session
        }
        return id
    }

    /// The token that this session stands for; nil when there is no such session, or its time ran out.
    func token(of id: String) -> String? {
        sessions.withLock { sessions in
            guard let session = sessions[id] else { return nil }
            guard session.expiresAt > now() else {
                sessions[id] = nil
                return nil
            }
            return session.token
        }
    }

    func close(_ id: String) { sessions.withLock { $0[id] = nil } }
}
