import CoordinatorCore
import HTTPTypes

extension RouteTable {
    /// Agents, as operators see them.
    mutating func addAgents(_ coordinator: Coordinator) {
        operators(.get, "/v1/agents", .viewer) { _, by in try Answer.json(await coordinator.agents(by: by)) }
        operators(.get, "/v1/agents/{agent}", .viewer) { call, by in
            try Answer.json(await coordinator.agent(call.parameter("agent"), by: by))
        }
        operators(.post, "/v1/agents/{agent}/revoke", .admin) { call, by in
            try Answer.json(await coordinator.revokeAgent(call.parameter("agent"), by: by))
        }
    }

    /// What needs a person's decision about an agent or a database.
    mutating func addDecisions(_ coordinator: Coordinator) {
        operators(.post, "/v1/agents/{agent}/resolve/{instance}", .admin) { call, by in
            try Answer.json(
                await coordinator.resolveAgent(call.parameter("agent"), keep: call.parameter("instance"), by: by))
        }
        operators(.post, "/v1/databases/{agent}/{database}/retire", .admin) { call, by in
            try Answer.json(
                await coordinator.retireDatabase(call.parameter("database"), on: call.parameter("agent"), by: by))
        }
    }

    mutating func addDatabases(_ coordinator: Coordinator) {
        operators(.get, "/v1/databases", .viewer) { call, by in
            try Answer.json(
                await coordinator.databases(agent: call.query("agent"), database: call.query("database"), by: by))
        }
    }

    /// Stores, and what they do.
    mutating func addDestinations(_ coordinator: Coordinator) {
        operators(.get, "/v1/destinations", .viewer) { _, by in try Answer.json(await coordinator.destinations(by: by))
        }
    }

    mutating func addSchedules(_ coordinator: Coordinator) {
        operators(.get, "/v1/schedules", .viewer) { call, by in
            try Answer.json(
                await coordinator.schedules(agent: call.query("agent"), database: call.query("database"), by: by))
        }
    }
}
