package import Foundation

/// `POST /v1/agent/links`: an agent that is at work on a restore asks for its addresses anew, before they run out. Since 2.
package struct LinkRequest: Codable, Sendable, Equatable {
    package var version: ProtocolVersion
    /// The command that ordered the restore.
    package var command: UUID
    /// Of ``AgentProcess``: links go to the process that the agent is known by, and to no other.
    package var instance: UUID

    package init(version: ProtocolVersion = .current, command: UUID, instance: UUID) {
        self.version = version
        self.command = command
        self.instance = instance
    }
}

/// The sources of ``RestoreOrder``, with addresses that are good from now on.
package struct LinkResponse: Codable, Sendable, Equatable {
    package var sources: [ObjectSource]

    package init(sources: [ObjectSource]) { self.sources = sources }
}
