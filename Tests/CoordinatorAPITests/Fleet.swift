import Domain
import Foundation
import Wire

/// A small fleet in trouble: one database overdue, one well.
func fleet(database: String, agent: String, message: String) throws -> StatusView {
    let now = try Date("2026-01-15T02:14:05Z", strategy: .iso8601)
    let host = UUID(uuidString: "018f3a6e-0000-7000-8000-000000000001") ?? UUID()
    return StatusView(
        coordinator: CoordinatorView(version: "0.1.0", startedAt: now - 86_400, now: now, findings: []),
        agents: [
            AgentView(
                id: host, name: agent, state: .offline, lastSeenAt: now - 3 * 3600, version: "0.1.0", labels: [:],
                databases: [database, "zebra"], running: [])
        ],
        databases: [
            DatabaseView(
                name: try DatabaseName("zebra"), agent: agent, kind: .sqlite, state: .ok, lastGoodAt: now - 840,
                nextAt: now + 960, rpoSeconds: 3600, rpoMet: true, proof: 2, policies: ["production"],
                sizeBytes: 88_000_000, labels: [:]),
            DatabaseView(
                name: try DatabaseName(database), agent: agent, kind: .postgres, state: .overdue,
                lastGoodAt: now - 3 * 3600, nextAt: now + 960, rpoSeconds: 3600, rpoMet: false, proof: 0,
                lastError: message, policies: ["production"], sizeBytes: 2_104_000_000, labels: [:]),
        ],
        incidents: [
            IncidentView(
                id: 1, key: "overdue/\(database)", kind: "overdue", severity: "critical", agent: agent,
                database: database, title: "\(database) is overdue", detail: message, openedAt: now - 7000,
                deliveries: [])
        ],
        totals: TotalsView(
            agents: 1, agentsOnline: 0, databases: 2, databasesHealthy: 1, backups: 1412, storedBytes: 815_300_000_000,
            openIncidents: 1))
}
