package import Foundation

/// `GET /v1/status`: the fleet at a glance. Fields are stable and only ever added to.
package struct StatusView: Codable, Sendable, Equatable {
    package var coordinator: CoordinatorView
    package var agents: [AgentView]
    package var databases: [DatabaseView]
    package var incidents: [IncidentView]
    package var totals: TotalsView

    package init(
        coordinator: CoordinatorView, agents: [AgentView], databases: [DatabaseView], incidents: [IncidentView],
        totals: TotalsView
    ) {
        self.coordinator = coordinator
        self.agents = agents
        self.databases = databases
        self.incidents = incidents
        self.totals = totals
    }
}

/// The central process itself.
package struct CoordinatorView: Codable, Sendable, Equatable {
    package var version: String
    package var startedAt: Date
    package var now: Date
    package var url: String?
    /// What is wrong with the coordinator itself (disk, credentials, clock), in words; empty when nothing is.
    package var findings: [String]
    /// Channels that alerts do not arrive by; each is told in ``findings`` too. Nil from a coordinator that does not say.
    package var failingChannels: [String]?

    package init(
        version: String, startedAt: Date, now: Date, url: String? = nil, findings: [String],
        failingChannels: [String]? = nil
    ) {
        self.failingChannels = failingChannels
        self.version = version
        self.startedAt = startedAt
        self.now = now
        self.url = url
        self.findings = findings
    }
}

/// Sums over the fleet.
package struct TotalsView: Codable, Sendable, Equatable {
    package var agents: Int
    package var agentsOnline: Int
    package var databases: Int
    package var databasesHealthy: Int
    /// Good backups.
    package var backups: Int
    package var storedBytes: Int64
    package var openIncidents: Int

    package init(
        agents: Int, agentsOnline: Int, databases: Int, databasesHealthy: Int, backups: Int, storedBytes: Int64,
        openIncidents: Int
    ) {
        self.agents = agents
        self.agentsOnline = agentsOnline
        self.databases = databases
        self.databasesHealthy = databasesHealthy
        self.backups = backups
        self.storedBytes = storedBytes
        self.openIncidents = openIncidents
    }
}
