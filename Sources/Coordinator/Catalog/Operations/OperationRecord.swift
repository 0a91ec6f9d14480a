import Domain
package import Foundation
package import Wire

/// What an operation does.
package enum OperationKind: String, Sendable, CaseIterable {
    case verify, restore, delete
}

/// Something long that was asked for, with one backup. While it is open, retention leaves the backup alone.
package struct OperationRecord: Sendable, Equatable {
    package let id: UUID
    package let kind: OperationKind
    /// The agent that does it; nil when the coordinator does.
    package let agent: UUID?
    /// Row of the database that the backup is of.
    package let database: Int64
    package let backup: UUID
    /// Name of the destination whose copy is used.
    package let destination: String
    package var state: OperationState
    package var bytes: Int64
    package let totalBytes: Int64?
    package let startedAt: Date
    package var finishedAt: Date?
    package var message: String?
    package var failure: Failure?
    package var proof: Int?
    package var restoredTo: String?
    /// Token id of the operator, or a word for the coordinator's own services.
    package let requestedBy: String

    package init(
        id: UUID, kind: OperationKind, agent: UUID?, database: Int64, backup: UUID, destination: String,
        state: OperationState, totalBytes: Int64?, startedAt: Date, requestedBy: String
    ) {
        self.id = id
        self.kind = kind
        self.agent = agent
        self.database = database
        self.backup = backup
        self.destination = destination
        self.state = state
        bytes = 0
        self.totalBytes = totalBytes
        self.startedAt = startedAt
        self.requestedBy = requestedBy
    }

    package var isOpen: Bool { state == .pending || state == .running }
}

/// A command on its way to an agent. The order inside it never holds a presigned address (P9).
package struct CommandRecord: Sendable, Equatable {
    package let agent: UUID
    package let command: Command
    /// The operation or the run that it belongs to.
    package let operation: UUID?
    package let run: UUID?
    package let createdAt: Date
    /// When it first went down to the agent.
    package var deliveredAt: Date?
    /// When the agent said that it holds it.
    package var receivedAt: Date?

    package init(agent: UUID, command: Command, operation: UUID? = nil, run: UUID? = nil, createdAt: Date) {
        self.agent = agent
        self.command = command
        self.operation = operation
        self.run = run
        self.createdAt = createdAt
    }
}
