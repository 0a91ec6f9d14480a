import CoordinatorCore
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Wire

extension RouteTable {
    /// What a browser sees: one page, and the way in and out.
    mutating func addPages(
        _ coordinator: Coordinator, sessions: SessionStore, now: @escaping @Sendable () -> Date
    ) throws {
        let (pages, throttle, gate) = (try Pages(), AddressThrottle(), gate)
        open(.get, "/") { call in
            do {
                let by = try await gate.operatorIdentity(call, atLeast: .viewer)
                return pages.answer(pages.status(try await coordinator.status(by: by)))
            } catch let problem as CallProblem where problem.problem.status == 401 {
                return pages.answer(pages.login(nil))
            }
        }
        open(.post, "/login") { call in
            try SameOrigin.require(call.request)
            let address = call.context.origin
            if let pause = throttle.pause(for: address, now: now()) {
                let sorry = pages.login("Too many attempts. Wait \(pause) seconds.")
                return pages.answer(sorry, status: .tooManyRequests, fields: [.retryAfter: String(pause)])
            }
            let form = Form(try await call.bytes())
            do {
                let id = try await sessions.open(token: form["token"]?.trimmingCharacters(in: .whitespaces) ?? "")
                throttle.succeeded(address)
                return Answer.seeOther("/", fields: SessionCookie.set(id))
            } catch let error as BackupError where [.forbidden, .usage, .notFound].contains(error.code) {
                throttle.failed(address, now: now())
                return pages.answer(pages.login("This token is not known, or was revoked."), status: .unauthorized)
            }
        }
        open(.post, "/logout") { call in
            try SameOrigin.require(call.request)
            if let id = SessionCookie.id(in: call.request) { sessions.close(id) }
            return Answer.seeOther("/", fields: SessionCookie.cleared)
        }
    }
}
