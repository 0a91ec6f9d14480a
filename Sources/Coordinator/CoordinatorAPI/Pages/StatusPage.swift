import Domain
import Foundation
import Wire

/// The status as the page shows it: every value already in words. What is wrong comes first.
struct StatusPage {
    let title: String
    let tone: String
    let headline: String
    let totals: String
    let at: String
    let atPrecise: String
    let version: String
    let findings: [String]
    let hasFindings: Bool
    let incidents: [Incident]
    let hasIncidents: Bool
    let databases: [DatabaseRow]
    let hasDatabases: Bool
    let hiddenDatabases: String?
    let agents: [AgentRow]
    let hasAgents: Bool
    let hiddenAgents: String?

    /// More would not be read, and would be slow on a phone.
    static let rowLimit = 500

    struct Incident {
        let tone: String
        let severity: String
        let title: String
        let detail: String
        let about: String
        let age: String
        let openedAt: String
        let undelivered: String?
    }

    init(_ view: StatusView) {
        let now = view.coordinator.now
        at = Wording.moment(now) + " UTC"
        atPrecise = Timestamp.text(now)
        version = view.coordinator.version
        findings = view.coordinator.findings
        hasFindings = !findings.isEmpty
        incidents = view.incidents.filter { $0.resolvedAt == nil }
            .sorted { (Self.rank($0), $1.openedAt) < (Self.rank($1), $0.openedAt) }
            .map { Incident($0, now: now) }
        hasIncidents = !incidents.isEmpty
        let sorted = view.databases.sorted {
            (DatabaseRow.urgency($0), $0.name.rawValue, $0.agent) < (
                DatabaseRow.urgency($1), $1.name.rawValue, $1.agent
            )
        }
        databases = sorted.prefix(Self.rowLimit).map { DatabaseRow($0, now: now) }
        hasDatabases = !databases.isEmpty
        hiddenDatabases = Self.hidden(sorted.count, "database", "holdfast database list")
        let hosts = view.agents.sorted { (AgentRow.urgency($0), $0.name) < (AgentRow.urgency($1), $1.name) }
        agents = hosts.prefix(Self.rowLimit).map { AgentRow($0, now: now) }
        hasAgents = !agents.isEmpty
        hiddenAgents = Self.hidden(hosts.count, "agent", "holdfast agent list")
        totals = Self.totals(view.totals)
        (tone, headline) = Self.verdict(view)
        title = view.totals.openIncidents > 0 ? "(\(view.totals.openIncidents)) Holdfast" : "Holdfast"
    }

    /// What nobody knows of comes first.
    private static func rank(_ incident: IncidentView) -> Int {
        (incident.acknowledgedAt == nil ? 0 : 2) + (incident.severity == "critical" ? 0 : 1)
    }

    private static func hidden(_ count: Int, _ noun: String, _ command: String) -> String? {
        guard count > rowLimit else { return nil }
        return "\(CountText.of(count - rowLimit, "more \(noun)")), in better or equal state: `\(command)` shows all."
    }

    private static func totals(_ totals: TotalsView) -> String {
        [
            "\(totals.databasesHealthy) of \(CountText.of(totals.databases, "database")) healthy",
            "\(totals.agentsOnline) of \(CountText.of(totals.agents, "agent")) online",
            "\(CountText.of(totals.backups, "good backup")), \(Wording.bytes(totals.storedBytes))",
            totals.openIncidents == 0 ? "no open incidents" : CountText.of(totals.openIncidents, "open incident"),
        ].joined(separator: " · ")
    }

    /// One sentence that can be read from across the room.
    private static func verdict(_ view: StatusView) -> (String, String) {
        let (totals, databases) = (view.totals, view.databases)
        let overdue = databases.count { $0.state == .overdue }
        let failing = databases.count { $0.state == .failing }
        if overdue > 0 {
            return (
                "bad", overdue == 1 ? "1 database has no recent backup" : "\(overdue) databases have no recent backup"
            )
        }
        let open = view.incidents.filter { $0.resolvedAt == nil }
        if open.contains(where: { $0.severity == "critical" && $0.acknowledgedAt == nil }) {
            return ("bad", CountText.of(totals.openIncidents, "open incident"))
        }
        if failing > 0 { return ("warn", "Last backup failed for \(CountText.of(failing, "database"))") }
        if !open.isEmpty, totals.openIncidents <= open.count, open.allSatisfy({ $0.acknowledgedAt != nil }) {
            return ("warn", CountText.of(open.count, "known problem"))
        }
        if totals.openIncidents > 0 { return ("warn", CountText.of(totals.openIncidents, "open incident")) }
        if databases.isEmpty, totals.agents == 0, !view.agents.isEmpty {
            return (view.coordinator.findings.isEmpty ? "idle" : "warn", "No agent is left, all were revoked")
        }
        if !view.coordinator.findings.isEmpty { return ("warn", "The coordinator itself needs a look") }
        if databases.isEmpty {
            return ("idle", "No databases yet: join a host with a line from `holdfast token create`")
        }
        let waiting = databases.count { $0.state == .waiting }
        let gone = databases.count { $0.state == .gone }
        if gone > 0 { return ("bad", "\(CountText.of(gone, "database")) that no agent declares any more") }
        if waiting > 0 { return ("idle", "\(CountText.of(waiting, "database")) waiting for a first backup") }
        let unprotected = databases.count { $0.state == .unprotected }
        if unprotected > 0 { return ("warn", "\(CountText.of(unprotected, "database")) that no policy covers") }
        return (
            "good",
            databases.count == 1 ? "The database is protected" : "All \(databases.count) databases are protected"
        )
    }
}

extension StatusPage.Incident {
    init(_ view: IncidentView, now: Date) {
        let isKnown = view.acknowledgedAt != nil
        tone = isKnown ? "idle" : view.severity == "critical" ? "bad" : "warn"
        severity = isKnown ? "known" : view.severity
        title = view.title
        detail = view.detail
        about = [view.database, view.agent].compactMap(\.self).joined(separator: " on ")
        age = Wording.distance(view.openedAt, from: now)
        openedAt = Wording.moment(view.openedAt) + " UTC"
        let stuck = view.deliveries.filter { $0.state != "sent" && $0.attempts > 0 }
        undelivered =
            stuck.isEmpty
            ? nil
            : "Not delivered by " + stuck.map(\.channel).joined(separator: ", ") + ": " + (stuck[0].lastError ?? "")
    }
}
