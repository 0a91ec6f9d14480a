import CoordinatorCore
import HTTPTypes

extension RouteTable {
    /// Looking at the plan deletes nothing; only an admin may carry it out.
    mutating func addCleanup(_ coordinator: Coordinator) {
        operators(.get, "/v1/cleanup", .viewer) { _, by in try Answer.json(await coordinator.cleanupPlan(by: by)) }
        operators(.post, "/v1/cleanup", .admin) { call, by in
            try Answer.json(await coordinator.cleanup(call.body(), by: by))
        }
    }
}
