import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// The fleet at a glance.
    package func status(by operator: OperatorIdentity) async throws(BackupError) -> StatusView {
        try `operator`.require(.viewer, "looking at the status")
        return try await statusAndFailingChannels().0
    }

    private func statusAndFailingChannels() async throws(BackupError) -> (StatusView, [FailingChannel]) {
        let now = world.now()
        let (judge, lens) = (judge(at: now), agentLens())
        let (coordinator, failing) = try await coordinatorView(at: now)
        return try await catalog.read { view in
            var judge = try judge(view)
            let records = try view.databases()
            let agents = try lens.views(view, of: view.agents(), with: records)
            let revoked = Set(agents.filter { $0.state == .revoked }.map(\.id))
            // What vanished stays in sight until an operator retires it.
            let databases = records.compactMap { record -> DatabaseView? in
                guard !revoked.contains(record.agent) else { return nil }
                let protection = judge.judge(record)
                guard record.retiredAt == nil || (protection.state != .gone && protection.state != .unprotected) else {
                    return nil
                }
                return DatabaseView(record, protection)
            }
            let incidents = try view.fairIncidents(limit: Self.shownIncidents)
            let totals = try view.totals()
            let status = StatusView(
                coordinator: coordinator, agents: agents, databases: databases,
                incidents: try incidents.map { IncidentView($0, try view.deliveries(of: $0.id)) },
                totals: TotalsView(
                    agents: agents.filter { $0.state != .revoked }.count,
                    agentsOnline: agents.filter { $0.state == .online }.count, databases: databases.count,
                    databasesHealthy: databases.filter { $0.state == .ok }.count, backups: totals.backups,
                    storedBytes: totals.storedBytes, openIncidents: try view.openIncidentCount()))
            return (status, failing)
        }
    }

    /// One line for a monitoring system.
    package func check(by operator: OperatorIdentity) async throws(BackupError) -> CheckView {
        try `operator`.require(.viewer, "looking at the status")
        let own = catalogWords()
        do throws(BackupError) {
            let (status, failing) = try await statusAndFailingChannels()
            let (doubt, now) = (clockContradiction(), world.now())
            let (critical, isClockDoubted) = try await catalog.read { view in
                (
                    try view.openIncidentCount(onlyCritical: true),
                    try doubt != nil || HighWater.suspicion(of: now, view) != nil
                )
            }
            return CheckView(
                status, critical: critical, failingChannels: failing.map(\.channel), own: catalogWords(),
                isClockDoubted: isClockDoubted)
        } catch  where error.code == .unreachable {
            return CheckView(level: 2, line: "HOLDFAST CRITICAL - " + (own + [error.message]).joined(separator: "; "))
        }
    }

    /// What is wrong with the catalog, and what it could not take: from memory.
    private func catalogWords() -> [String] {
        let untold = unwritten.conditions(at: world.now()).filter { $0.kind != "catalog" }
        return catalog.health.troubles.map(\.words)
            + untold.prefix(20).map { "not recorded: \($0.title): \($0.detail)" }
    }

    /// Incidents, newest first, each with its messages: of one agent if its name is given, and at most `limit` (1000), of those
    /// that are older than the incident `before` if that is given.
    package func alerts(
        includeResolved: Bool, agent: String? = nil, before: Int64? = nil, limit: Int? = nil,
        by operator: OperatorIdentity
    ) async throws(BackupError) -> [IncidentView] {
        try `operator`.require(.viewer, "listing alerts")
        let limit = min(limit ?? Self.listedIncidents, Self.listedIncidents)
        return try await catalog.read { view in
            try view.incidents(includeResolved: includeResolved, agent: agent, before: before, limit: limit).map {
                IncidentView($0, try view.deliveries(of: $0.id))
            }
        }
    }

    /// One incident, open or over, with its messages and the next step. Throws `.notFound` when there is none of this id.
    package func alert(_ id: String, by operator: OperatorIdentity) async throws(BackupError) -> IncidentView {
        try `operator`.require(.viewer, "looking at an alert")
        return try await catalog.read { view in
            guard let number = Int64(id), let incident = try view.incident(number) else {
                throw BackupError(.notFound, "no alert has the id \(id.prefix(40)); see `holdfast alert list --all`")
            }
            var shown = IncidentView(incident, try view.deliveries(of: number))
            let condition = incident.condition
            if incident.resolvedAt == nil {
                shown.nextStep = NextStep.words(
                    kind: condition.kind, agent: condition.agent, database: condition.database,
                    detail: condition.detail)
            }
            return shown
        }
    }

    private static let shownIncidents = 100
    private static let listedIncidents = 1000

    private func coordinatorView(at now: Date) async throws(BackupError) -> (CoordinatorView, [FailingChannel]) {
        let (fleet, doubt, own) = (fleet, clockContradiction(), catalogWords())
        let (findings, failing) = try await catalog.read { view -> ([String], [FailingChannel]) in
            var findings = own
            if let doubt { findings.append(doubt) }
            if let suspicion = try HighWater.suspicion(of: now, view) { findings.append(suspicion) }
            if fleet.alerts.channels.isEmpty {
                findings.append("no alert channel is configured: failures are only seen here")
            }
            // What waits for a channel that is gone from the configuration is nobody's loss.
            let failing = try view.failingChannels(fleet.alerts.channels)
            findings += failing.map { failing in
                "alerts do not arrive by \(failing.channel), \(failing.waiting) waiting"
                    + (failing.lost > 0 ? " and \(failing.lost) given up" : "")
                    + ", the oldest since \(Timestamp.seconds(failing.since)): \(failing.reason)"
            }
            return (findings, failing)
        }
        let view = CoordinatorView(
            version: Product.version, startedAt: startedAt, now: now, url: world.publicURL, findings: findings,
            failingChannels: failing.map(\.channel))
        return (view, failing)
    }
}

extension IncidentView {
    init(_ incident: IncidentRecord, _ deliveries: [DeliveryRecord]) {
        let condition = incident.condition
        self.init(
            id: incident.id, key: condition.key, kind: condition.kind,
            severity: condition.isCritical ? "critical" : "warning", agent: condition.agent,
            database: condition.database, title: condition.title, detail: condition.detail,
            openedAt: incident.openedAt, resolvedAt: incident.resolvedAt,
            deliveries: deliveries.map {
                DeliveryView(
                    channel: $0.channel, state: $0.state, attempts: $0.attempts, sentAt: $0.sentAt,
                    lastError: $0.lastError, isEnd: $0.isEnd ? true : nil)
            }, acknowledgedAt: incident.acknowledgedAt, acknowledgedBy: incident.acknowledgedBy)
    }
}

extension CheckView {
    /// CRITICAL for what is overdue or a critical incident that nobody has acknowledged, WARNING for what fails, is offline, gone
    /// or unprotected, has yet to be backed up for the first time, for alerts that nobody hears, and for a clock that is not to be
    /// believed, by which what is overdue is judged; UNKNOWN when there is nothing to judge. OK says that every database has a
    /// good backup. `own` is what is wrong with the coordinator itself.
    init(
        _ status: StatusView, critical: Int, failingChannels: [String], own: [String], isClockDoubted: Bool
    ) {
        let overdue = status.databases.filter { $0.state == .overdue }.count
        let failing = status.databases.filter { $0.state == .failing }.count
        let unprotected = status.databases.filter { $0.state == .unprotected }.count
        let gone = status.databases.filter { $0.state == .gone }.count
        let waiting = status.databases.filter { $0.state == .waiting }.count
        let offline = status.agents.filter { $0.state == .offline }.count
        let sums =
            "\(status.totals.databasesHealthy)/\(status.totals.databases) databases ok, \(overdue) overdue, "
            + "\(failing) failing, \(unprotected) unprotected, " + (gone > 0 ? "\(gone) gone, " : "")
            + (waiting > 0 ? "\(waiting) waiting for a first backup, " : "")
            + "\(CountText.of(offline, "agent")) offline, \(CountText.of(status.totals.openIncidents, "open incident"))"
            + (failingChannels.isEmpty ? "" : ", alerts do not arrive by \(failingChannels.joined(separator: " and "))")
            + Self.warnings(status.coordinator.findings.count - failingChannels.count - own.count)
        if let trouble = own.first {
            self.init(level: 2, line: "HOLDFAST CRITICAL - \(trouble); \(sums)")
        } else if overdue > 0 || critical > 0 {
            self.init(level: 2, line: "HOLDFAST CRITICAL - \(Self.worst(status, critical))\(sums)")
        } else if status.totals.databases == 0 {
            let isEmptied = !status.agents.isEmpty && status.totals.agents == 0
            self.init(
                level: 3,
                line: "HOLDFAST UNKNOWN - "
                    + (isEmptied ? "no database is watched: every agent was revoked" : "no database is known yet"))
        } else if failing + unprotected + gone + waiting + offline > 0 || !status.incidents.isEmpty
            || !failingChannels.isEmpty || isClockDoubted
        {
            self.init(level: 1, line: "HOLDFAST WARNING - \(sums)")
        } else {
            self.init(level: 0, line: "HOLDFAST OK - \(sums)")
        }
    }

    /// The newest that is critical, by name: the sums do not tell what to do.
    private static func worst(_ status: StatusView, _ critical: Int) -> String {
        let newest = status.incidents.first { $0.severity == "critical" && $0.acknowledgedAt == nil }
        guard let newest else { return "" }
        return newest.title.prefix(160) + (critical > 1 ? " (and \(critical - 1) more); " : "; ")
    }

    /// What else the coordinator finds about itself does not change the level, but `status` tells it, and so does this.
    private static func warnings(_ found: Int) -> String {
        found > 0 ? ", \(CountText.of(found, "warning")) (see holdfast status)" : ""
    }
}
