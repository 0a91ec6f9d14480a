import CoordinatorCore
import HTTPTypes

extension RouteTable {
    mutating func addAlerts(_ coordinator: Coordinator) {
        operators(.get, "/v1/alerts", .viewer) { call, by in
            let all = ["1", "true", "yes"].contains(call.query("all"))
            return try Answer.json(await coordinator.alerts(includeResolved: all, by: by))
        }
        operators(.post, "/v1/alerts/{alert}/ack", .operator) { call, by in
            try Answer.json(await coordinator.acknowledgeAlert(call.parameter("alert"), by: by))
        }
        operators(.post, "/v1/alerts/test", .operator) { _, by in
            try Answer.json(await coordinator.testAlerts(by: by))
        }
    }
}
