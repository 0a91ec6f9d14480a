import Domain
import Foundation
import Synchronization

/// What one agent may take of the coordinator: a host that was taken over must not keep it from all the others. The bytes of a
/// message are bounded where it is received.
enum AgentCaps {
    static let reportsPerBatch = 1000
    /// After so many others have their turn at the catalog.
    static let reportsPerTransaction = 50
    /// More than what a host of a thousand databases keeps while the coordinator is away for a day.
    static let reportsPerHour = 60_000
    /// Databases that a host may declare.
    static let databases = 5000
    /// All that it ever named.
    static let databaseRows = 10_000
}

/// How many reports each agent has sent in the hour that runs.
final class ReportAllowance: Sendable {
    private let hours = Mutex<[UUID: (since: Duration, count: Int)]>([:])

    /// Throws `.busy` when it were too many: they wait on the host, and none is lost.
    func spend(_ count: Int, of agent: AgentIdentity, uptime: Duration) throws(BackupError) {
        let isAllowed = hours.withLock { hours in
            var hour = hours[agent.id] ?? (uptime, 0)
            if uptime - hour.since >= .seconds(3600) { hour = (uptime, 0) }
            guard hour.count + count <= AgentCaps.reportsPerHour else { return false }
            hours[agent.id] = (hour.since, hour.count + count)
            return true
        }
        guard isAllowed else {
            throw BackupError(
                .busy,
                "\(agent.name) sent \(AgentCaps.reportsPerHour) reports within an hour; the next are taken when it is over"
            )
        }
    }
}
