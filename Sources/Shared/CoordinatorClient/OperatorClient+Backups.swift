import Domain
package import Foundation
package import Wire

extension OperatorClient {
    /// Newest first; of a moment (``BackupQuery/at``) by database.
    package func backups(_ query: BackupQuery = BackupQuery()) async throws -> [BackupView] {
        try await connection.answer(.get("backups", query: query.parameters))
    }

    /// `id` may be the beginning of one, of four hex digits or more. Throws `.notFound`; `.usage` when it fits several.
    package func backup(_ id: String) async throws -> BackupDetailView {
        try await connection.answer(.get("backups", id))
    }

    /// Dumps of other tools that lie at a place.
    package func adoptable(_ request: AdoptableRequest) async throws -> AdoptableView {
        try await connection.answer(.post("adoptable", sending: request, seconds: 600))
    }

    /// Retention decides over the backup from now on. Throws `.notFound`; `.usage` for one that is not pinned.
    package func unpin(_ id: String) async throws -> BackupView {
        try CoordinatorCall.require(id, "backup")
        return try await connection.answer(.post("backups", id, "unpin"))
    }

    /// Asks for backups; follow them with ``run(_:)``.
    package func startBackup(_ request: BackupRequest) async throws -> BackupStarted {
        try CoordinatorCall.require(request.agent, "agent")
        return try await connection.answer(.post("backups", sending: request))
    }

    package func run(_ id: UUID) async throws -> RunView {
        try await connection.answer(.get("runs", id.uuidString.lowercased()))
    }

    /// Asks for the end of a run, by its id or the beginning of it; follow it with ``run(_:)``.
    package func cancelRun(_ id: String) async throws -> RunView {
        try CoordinatorCall.require(id, "run")
        return try await connection.answer(.post("runs", id, "cancel"))
    }

    /// Asks for the end of an operation, by its id or the beginning of it; follow it with ``operation(_:)``.
    package func cancelOperation(_ id: String) async throws -> OperationView {
        try CoordinatorCall.require(id, "operation")
        return try await connection.answer(.post("operations", id, "cancel"))
    }

    /// Asks for every copy of one backup to be read again; follow them with ``operation(_:)``.
    package func verify(_ id: String) async throws -> [OperationView] {
        try await connection.answer(.post("backups", id, "verify"))
    }

    /// Asks for every good backup to be read again.
    package func verifyAll() async throws -> [OperationView] {
        try await connection.answer(.post("backups", "verify-all"))
    }

    /// Asks for a restore; follow it with ``operation(_:)``. Throws `.exists` when the target is there and may not be replaced.
    package func restore(_ id: String, _ options: RestoreOptions) async throws -> OperationView {
        try CoordinatorCall.require(options.agent, "agent")
        return try await connection.answer(.post("backups", id, "restore", sending: options))
    }

    /// What restores keep on all hosts that were heard of since the coordinator was started.
    package func remains() async throws -> [Remain] { try await connection.answer(.get("restored")) }

    /// Asks a host to remove one of them; follow it with ``discard(_:)``.
    package func discard(_ request: DiscardRequest) async throws -> DiscardView {
        try await connection.answer(.post("restored", "discard", sending: request))
    }

    /// How that stands.
    package func discard(_ command: UUID) async throws -> DiscardView {
        try await connection.answer(.get("restored", "discards", command.uuidString.lowercased()))
    }

    /// How a verification or a restore stands.
    package func operation(_ id: UUID) async throws -> OperationView {
        try await connection.answer(.get("operations", id.uuidString.lowercased()))
    }

    /// What retention would do now.
    package func cleanupPlan() async throws -> CleanupView { try await connection.answer(.get("cleanup")) }

    /// Does what the plan with that digest said, and nothing else. Throws `.busy` or `.exists` when the plan is another by now.
    package func cleanup(_ request: CleanupRequest) async throws -> CleanupResult {
        // Every object of it is deleted before the answer comes.
        try await connection.answer(.post("cleanup", sending: request, seconds: 3600))
    }
}
