import CoordinatorCore
import HTTPTypes

extension RouteTable {
    mutating func addStatus(_ coordinator: Coordinator) {
        operators(.get, "/v1/status", .viewer) { _, by in try Answer.json(await coordinator.status(by: by)) }
        operators(.get, "/v1/check", .viewer) { _, by in try Answer.json(await coordinator.check(by: by)) }
    }
}
