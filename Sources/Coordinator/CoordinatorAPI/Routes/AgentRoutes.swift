import Archive
import CoordinatorCore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import ServiceLifecycle
import Wire

extension RouteTable {
    /// What agents say and ask. The sender is who its certificate says.
    mutating func addAgent(_ coordinator: Coordinator) {
        let longest = Int(limits.poll.components.seconds)
        agent(.post, "/v1/agent/check-in") { call, agent in
            var request = try await call.message(as: CheckInRequest.self)
            request.waitSeconds = min(max(request.waitSeconds, 0), longest)
            let final = request
            // Ends with the client, and with the server: neither waits for news that nobody will hear.
            do {
                let response = try await call.peer.presence.whileHere {
                    try await cancelWhenGracefulShutdown { try await coordinator.checkIn(final, from: agent) }
                }
                return try Answer.json(response)
            } catch is CancellationError {
                call.context.logger.debug("a check-in ended early", metadata: ["agent": "\(agent.id)"])
                throw CallProblem.goingDown
            }
        }
        agent(.post, "/v1/agent/links") { call, agent in
            try Answer.json(await coordinator.links(call.message(), from: agent))
        }
        agent(.post, "/v1/agent/plan") { call, agent in
            try Answer.json(await coordinator.plan(call.message(), from: agent))
        }
        agent(.post, "/v1/agent/reports", bodyLimit: limits.reportBody) { call, agent in
            let bytes = try await call.bytes()
            let batch = try Call.message(as: ReportBatch.self, from: bytes)
            guard batch.items.allSatisfy({ $0.run?.manifest.map { $0.agent.id == agent.id } ?? true }) else {
                throw CallProblem.forbidden("a report names another agent than the certificate")
            }
            return try Answer.json(await coordinator.record(batch, bytes: bytes.count, from: agent))
        }
    }
}
