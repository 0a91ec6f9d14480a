import CoordinatorCore
import HTTPTypes
import Hummingbird
import Wire

extension RouteTable {
    /// How a host comes to its certificate. Public: what lets in is the token, or the key, inside the message.
    mutating func addEnrolment(_ coordinator: Coordinator) {
        let authority = coordinator.serverIdentity.caPEM
        let limit = limits.enrolmentBody
        open(.get, "/v1/ca") { _ in Answer.text(authority, type: "application/x-pem-file") }
        open(.get, "/health") { _ in Answer.text("ok") }
        open(.head, "/health") { _ in Response(status: .ok) }
        entrance(.post, "/v1/enrol", bodyLimit: limit) { call in
            try Answer.json(await coordinator.enrol(call.message(), remote: call.context.remote))
        }
        let gate = gate
        entrance(.post, "/v1/renew", bodyLimit: limit) { call in
            let request = try await call.message(as: RenewalRequest.self)
            // A certificate is not needed here, but one that speaks for somebody else is a contradiction.
            if call.peer.certificate != nil, try await gate.agent(call).id != request.agentId {
                throw CallProblem.forbidden("the certificate belongs to another agent than the request names")
            }
            return try Answer.json(await coordinator.renew(request))
        }
    }
}
