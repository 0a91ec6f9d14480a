import CoordinatorCore
import HTTPTypes

extension RouteTable {
    mutating func addApply(_ coordinator: Coordinator) {
        operators(.post, "/v1/apply", .admin) { call, by in
            try Answer.json(await coordinator.apply(call.body(), by: by))
        }
    }

    /// The catalog itself, and hosts that it has forgotten.
    mutating func addCatalog(_ coordinator: Coordinator) {
        operators(.get, "/v1/catalog", .viewer) { _, by in try Answer.json(await coordinator.catalogState(by: by)) }
        operators(.post, "/v1/catalog/copies", .admin) { _, by in
            try Answer.json(await coordinator.copyCatalog(by: by))
        }
        operators(.post, "/v1/catalog/rebuild", .admin) { call, by in
            try Answer.json(await coordinator.rebuildCatalog(call.body(), by: by), status: .accepted)
        }
        operators(.post, "/v1/admissions", .admin) { call, by in
            try Answer.json(await coordinator.admit(call.body(), by: by))
        }
    }

    /// An operator may make a join token, since it only lets a host in; the rest is an admin's.
    mutating func addTokens(_ coordinator: Coordinator) {
        operators(.post, "/v1/tokens", .operator) { call, by in
            try Answer.json(await coordinator.createToken(call.body(), by: by), status: .created)
        }
        operators(.post, "/v1/operator-tokens", .admin) { call, by in
            try Answer.json(await coordinator.createOperatorToken(call.body(), by: by), status: .created)
        }
        operators(.get, "/v1/tokens", .admin) { _, by in try Answer.json(await coordinator.tokens(by: by)) }
        operators(.post, "/v1/tokens/{token}/revoke", .admin) { call, by in
            try await coordinator.revokeToken(call.parameter("token"), by: by)
            return Answer.empty
        }
    }
}
