import CoordinatorCore
import HTTPTypes
import Wire

extension RouteTable {
    mutating func addRuns(_ coordinator: Coordinator) {
        operators(.get, "/v1/runs/{run}", .viewer) { call, by in
            try Answer.json(await coordinator.run(call.id("run"), by: by))
        }
        operators(.post, "/v1/runs/{run}/cancel", .operator) { call, by in
            try Answer.json(await coordinator.cancelRun(call.parameter("run"), by: by), status: .accepted)
        }
    }

    mutating func addOperations(_ coordinator: Coordinator) {
        operators(.get, "/v1/restored", .viewer) { _, by in try Answer.json(await coordinator.remains(by: by)) }
        operators(.post, "/v1/restored/discard", .admin) { call, by in
            try Answer.json(await coordinator.discard(call.body(as: DiscardRequest.self), by: by), status: .accepted)
        }
        operators(.get, "/v1/restored/discards/{command}", .viewer) { call, by in
            try Answer.json(await coordinator.discard(call.id("command"), by: by))
        }
        operators(.get, "/v1/operations/{operation}", .viewer) { call, by in
            try Answer.json(await coordinator.operation(call.id("operation"), by: by))
        }
        operators(.post, "/v1/operations/{operation}/cancel", .operator) { call, by in
            try Answer.json(await coordinator.cancelOperation(call.parameter("operation"), by: by), status: .accepted)
        }
    }
}
