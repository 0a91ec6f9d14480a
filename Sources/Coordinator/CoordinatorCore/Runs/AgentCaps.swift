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
    /// What these take as JSON, with all their manifests: those of 1000 databases of 2000 tables each are a third of it.
    static let reportBytesPerHour = 1 << 30
    /// Databases that a host may declare.
    static let databases = 5000
    /// All that it ever named.
    static let databaseRows = 10_000
}

/// What each agent has reported in the hour that runs.
final class ReportAllowance: Sendable {
    private struct Hour {
        let since: Duration
        var count = 0
        var bytes = 0
    }

    private let hours = Mutex<[UUID: Hour]>([:])

    /// Throws `.busy` when it were too much: it waits on the host, and nothing is lost.
    func spend(_ count: Int, bytes: Int = 0, of agent: AgentIdentity, uptime: Duration) throws(BackupError) {
        let excess: String? = hours.withLock { hours in
            var hour = hours[agent.id] ?? Hour(since: uptime)
            if uptime - hour.since >= .seconds(3600) { hour = Hour(since: uptime) }
            hour.count += count
            hour.bytes += bytes
            if hour.count > AgentCaps.reportsPerHour { return "\(AgentCaps.reportsPerHour) reports" }
            if hour.bytes > AgentCaps.reportBytesPerHour {
                return "\(AgentCaps.reportBytesPerHour >> 20) MiB of reports"
            }
            hours[agent.id] = hour
            return nil
        }
        if let excess {
            throw BackupError(
                .busy, "\(agent.name) sent \(excess) within an hour; the next are taken when it is over")
        }
    }
}
