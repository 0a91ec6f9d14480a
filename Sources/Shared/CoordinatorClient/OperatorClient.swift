package import Domain
import Foundation
import Transfer
package import Wire

/// The coordinator, as an operator's commands call it: one method a route. Safe to use from several tasks at once.
///
/// Every call throws ``BackupError`` with the coordinator's own code and words; `.unreachable` when it is not there,
/// `.forbidden` when the token is not accepted or its role is too small. Cancelling the task ends a call within a second.
package struct OperatorClient: Sendable {
    private(set) var connection: CoordinatorConnection

    /// `caPEM` is all that is trusted; nil trusts this machine's authorities. Throws `.usage` for a bad address.
    package init(url: String, token: String, caPEM: String?) throws(BackupError) {
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw BackupError(.usage, "the operator's token is empty or holds characters that no token has")
        }
        var options = TransferOptions()
        if let caPEM { options.trust = .pem(Array(caPEM.utf8)) }
        var connection = try CoordinatorConnection(url: url, options: options)
        connection.headers = [("Authorization", "Bearer \(token)")]
        self.connection = connection
    }

    init(connection: CoordinatorConnection) { self.connection = connection }

    /// The same, for one who cannot wait: a call that takes longer is given up as `.unreachable`.
    package func hurried(seconds: Int) -> OperatorClient {
        var client = self
        client.connection.mostSeconds = seconds
        return client
    }

    /// The fleet at a glance.
    package func status() async throws -> StatusView { try await connection.answer(.get("status")) }

    /// One line for a monitoring system.
    package func check() async throws -> CheckView { try await connection.answer(.get("check")) }

    /// Every agent, by name.
    package func agents() async throws -> [AgentView] { try await connection.answer(.get("agents")) }

    /// By name or id.
    package func agent(_ nameOrId: String) async throws -> AgentView {
        try await connection.answer(.get("agents", nameOrId))
    }

    /// Takes effect with the agent's next request.
    package func revokeAgent(_ nameOrId: String) async throws {
        try await connection.done(.post("agents", nameOrId, "revoke"))
    }

    /// Of two processes that speak as this agent, the one to go on with.
    package func resolveAgent(_ nameOrId: String, keep instance: String) async throws -> AgentView {
        try await connection.answer(.post("agents", nameOrId, "resolve", instance))
    }

    /// No longer tells of a database that is backed up no more.
    package func retireDatabase(_ name: String, on agent: String) async throws -> DatabaseView {
        try await connection.answer(.post("databases", agent, name, "retire"))
    }

    /// One alert in full, open or over. Throws `.notFound` when there is none.
    package func alert(_ id: String) async throws -> IncidentView { try await connection.answer(.get("alerts", id)) }

    /// Says that an alert is known.
    package func acknowledgeAlert(_ id: String) async throws -> IncidentView {
        try await connection.answer(.post("alerts", id, "ack"))
    }

    /// Every database, or those of an agent or of a name.
    package func databases(agent: String? = nil, database: String? = nil) async throws -> [DatabaseView] {
        try await connection.answer(.get("databases", query: [("agent", agent), ("database", database)]))
    }

    /// Every tier of every database with its next time.
    package func schedules(agent: String? = nil, database: String? = nil) async throws -> [ScheduleView] {
        try await connection.answer(.get("schedules", query: [("agent", agent), ("database", database)]))
    }

    /// Every destination, and what is known of its store.
    package func destinations() async throws -> [DestinationView] { try await connection.answer(.get("destinations")) }

    /// The newest `limit` open incidents, or with resolved ones: of an agent, and older than an incident, if these are given.
    package func alerts(
        includeResolved: Bool = false, agent: String? = nil, before: Int64? = nil, limit: Int? = nil
    ) async throws -> [IncidentView] {
        try await connection.answer(
            .get(
                "alerts",
                query: [
                    ("all", includeResolved ? "1" : nil), ("agent", agent), ("before", before.map(String.init)),
                    ("limit", limit.map(String.init)),
                ]))
    }

    /// Sends a test message to every channel now, and waits for what they say.
    package func testAlerts() async throws -> [AlertTestView] {
        try await connection.answer(.post("alerts", "test", seconds: 300))
    }
}
