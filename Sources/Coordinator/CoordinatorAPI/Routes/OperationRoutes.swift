import CoordinatorCore
import HTTPTypes

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
        operators(.get, "/v1/operations/{operation}", .viewer) { call, by in
            try Answer.json(await coordinator.operation(call.id("operation"), by: by))
        }
        operators(.post, "/v1/operations/{operation}/cancel", .operator) { call, by in
            try Answer.json(await coordinator.cancelOperation(call.parameter("operation"), by: by), status: .accepted)
        }
    }
}
