import CoordinatorCore
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Sealing
import Synchronization
import Wire

/// Says who calls, on every request anew: a revoked certificate, token or session ends with the next request.
struct Gate: Sendable {
    let coordinator: Coordinator
    let sessions: SessionStore
    let throttle: AddressThrottle
    let now: @Sendable () -> Date
    /// Tokens that were right a while ago.
    private let known = KnownTokens()

    init(
        coordinator: Coordinator, sessions: SessionStore, throttle: AddressThrottle, now: @escaping @Sendable () -> Date
    ) {
        (self.coordinator, self.sessions, self.throttle, self.now) = (coordinator, sessions, throttle, now)
    }

    /// Lets a caller try to prove who it is. After some failures its address is refused before anything is looked at.
    func entrance<Value>(_ call: Call, _ attempt: () async throws -> Value) async throws -> Value {
        let origin = call.context.origin
        if let pause = throttle.pause(for: origin, now: now()) { throw CallProblem.tooManyAttempts(retryAfter: pause) }
        do {
            return try await attempt()
        } catch {
            if Self.isCallersFault(error) { throttle.failed(origin, now: now()) }
            throw error
        }
    }

    private static func isCallersFault(_ error: any Error) -> Bool {
        CallProblem(error).map { (400..<500).contains($0.problem.status) } ?? false
    }

    /// The agent whose certificate this connection showed. A token does not stand in for it.
    func agent(_ call: Call) async throws -> AgentIdentity {
        guard let certificate = call.peer.certificate else { throw CallProblem.needsCertificate }
        return try await coordinator.authenticateAgent(
            certificateDER: certificate, now: now(),
            name: HTTPField.Name("Holdfast-Agent").flatMap { call.request.headers[$0] }, remote: call.context.origin)
    }

    /// The operator whose token came along, in a header or by a session.
    func operatorIdentity(_ call: Call, atLeast role: OperatorRole) async throws -> OperatorIdentity {
        let identity = try await identity(call)
        guard identity.role >= role else {
            throw CallProblem.forbidden("this needs the role \(role.rawValue); the token has \(identity.role.rawValue)")
        }
        return identity
    }

    private func identity(_ call: Call) async throws -> OperatorIdentity {
        if let header = call.request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw CallProblem.needsToken }
            let token = String(parts[1]).trimmingCharacters(in: .whitespaces)
            // Others of its address may fail as they like.
            if known.contains(token) { return try await identity(of: token) }
            return try await entrance(call) { try await identity(of: token) }
        }
        guard let id = SessionCookie.id(in: call.request), let token = sessions.token(of: id) else {
            throw CallProblem.needsToken
        }
        if call.request.method != .get, call.request.method != .head { try SameOrigin.require(call.request) }
        return try await identity(of: token)
    }

    private func identity(of token: String) async throws -> OperatorIdentity {
        do {
            let identity = try await coordinator.authenticateOperator(token: token)
            known.insert(token)
            return identity
        } catch {
            known.remove(token)
            guard error.code == .forbidden else { throw error }
            throw CallProblem.needsToken
        }
    }
}

/// Against forged forms: a browser says which page a request comes from.
enum SameOrigin {
    /// What a browser says in `Sec-Fetch-Site` (Fetch Metadata) no page can change, so it decides where it is there. `Origin`
    /// decides only where it is not: a page whose referrer policy hides where it is sends `null` there, also to itself.
    /// A program that is no browser sends neither, and carries nobody's cookie along.
    static func require(_ request: Request) throws {
        if let site = HTTPField.Name("Sec-Fetch-Site").flatMap({ request.headers[$0] }) {
            guard site == "same-origin" || site == "none" else { throw foreign }
            return
        }
        guard let origin = request.headers[.origin] else { return }
        guard let host = request.head.authority, origin.lowercased() == "https://\(host.lowercased())" else {
            throw foreign
        }
    }

    private static var foreign: CallProblem { .forbidden("the request comes from another site") }
}

/// Tokens by their digests, so many at most. They prove nothing here: each is looked up anew with every call.
private final class KnownTokens: Sendable {
    private let digests = Mutex<Set<String>>([])
    private static let most = 1000

    func contains(_ token: String) -> Bool { digests.withLock { $0.contains(Self.digest(token)) } }

    func insert(_ token: String) {
        digests.withLock { digests in
            if digests.count >= Self.most { digests.removeAll() }
            digests.insert(Self.digest(token))
        }
    }

    func remove(_ token: String) { digests.withLock { _ = $0.remove(Self.digest(token)) } }

    private static func digest(_ token: String) -> String { hex(sha256(Array(token.utf8))) }
}
