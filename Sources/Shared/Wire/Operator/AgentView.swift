package import Foundation

/// How the coordinator sees an agent.
package enum AgentState: String, Codable, Sendable, CaseIterable {
    case online, offline
    /// Enrolled, never checked in.
    case new
    case revoked
}

/// One agent, as `agent list` shows it.
package struct AgentView: Codable, Sendable, Equatable {
    package var id: UUID
    package var name: String
    package var state: AgentState
    package var lastSeenAt: Date?
    package var version: String?
    package var labels: [String: String]
    /// The agent's clock less the coordinator's.
    package var clockSkewMilliseconds: Int64?
    package var spoolDepth: Int?
    package var certificateNotAfter: Date?
    /// Names, in order.
    package var databases: [String]
    package var running: [RunView]

    package init(
        id: UUID, name: String, state: AgentState, lastSeenAt: Date? = nil, version: String? = nil,
        labels: [String: String], clockSkewMilliseconds: Int64? = nil, spoolDepth: Int? = nil,
        certificateNotAfter: Date? = nil, databases: [String], running: [RunView]
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.lastSeenAt = lastSeenAt
        self.version = version
        self.labels = labels
        self.clockSkewMilliseconds = clockSkewMilliseconds
        self.spoolDepth = spoolDepth
        self.certificateNotAfter = certificateNotAfter
        self.databases = databases
        self.running = running
    }
}
