import CoordinatorCore
import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// Says who calls, on every request anew: a revoked certificate, token or session ends with the next request.
struct Gate: Sendable {
    let coordinator: Coordinator
    let sessions: SessionStore
    let now: @Sendable () -> Date

    /// The agent whose certificate this connection showed. A token does not stand in for it.
    func agent(_ call: Call) async throws -> AgentIdentity {
        guard let certificate = call.peer.certificate else { throw CallProblem.needsCertificate }
        return try await coordinator.authenticateAgent(certificateDER: certificate, now: now())
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
            return try await known(String(parts[1]).trimmingCharacters(in: .whitespaces))
        }
        guard let id = SessionCookie.id(in: call.request), let token = sessions.token(of: id) else {
            throw CallProblem.needsToken
        }
        if call.request.method != .get, call.request.method != .head { try SameOrigin.require(call.request) }
        return try await known(token)
    }

    private func known(_ token: String) async throws -> OperatorIdentity {
        do {
            return try await coordinator.authenticateOperator(token: token)
        } catch {
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
