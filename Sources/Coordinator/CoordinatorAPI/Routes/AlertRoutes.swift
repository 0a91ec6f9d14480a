import CoordinatorCore
import Domain
import HTTPTypes

extension RouteTable {
    mutating func addAlerts(_ coordinator: Coordinator) {
        operators(.get, "/v1/alerts", .viewer) { call, by in
            let all = ["1", "true", "yes"].contains(call.query("all"))
            let before = try call.query("before").map { text in
                guard let before = Int64(text) else { throw BackupError(.usage, "before must be an alert's number") }
                return before
            }
            return try Answer.json(
                await coordinator.alerts(
                    includeResolved: all, agent: call.query("agent"), before: before, limit: call.limit(), by: by))
        }
        operators(.get, "/v1/alerts/{alert}", .viewer) { call, by in
            try Answer.json(await coordinator.alert(call.parameter("alert"), by: by))
        }
        operators(.post, "/v1/alerts/{alert}/ack", .operator) { call, by in
            try Answer.json(await coordinator.acknowledgeAlert(call.parameter("alert"), by: by))
        }
        operators(.post, "/v1/alerts/test", .operator) { _, by in
            try Answer.json(await coordinator.testAlerts(by: by))
        }
    }
}
