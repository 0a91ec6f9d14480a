package import Domain
package import Foundation

/// One database of one agent, with the summary of its runs and backups.
package struct DatabaseRecord: Sendable, Equatable {
    package let id: Int64
    package let agent: UUID
    package let agentName: String
    package let agentLabels: [String: String]
    package let name: DatabaseName
    package let kind: DatabaseKind
    package let labels: [String: String]
    package let serverVersion: String?
    package let sizeBytes: Int64?
    package let problem: String?
    package let firstSeenAt: Date
    /// Since when its schedules are what they are; nil while no policy selects it.
    package let plannedAt: Date?
    /// Since when its agent no longer declares it.
    package let goneAt: Date?
    /// Since when no policy selects it, as far as that was noticed.
    package let unselectedAt: Date?
    /// When an operator said that it is meant to be backed up no more.
    package let retiredAt: Date?
    /// The state of the database that its newest good backup shows, never later than the coordinator learned of it.
    package let lastGoodAt: Date?
    /// When the coordinator learned of that backup.
    package let lastGoodRecordedAt: Date?
    package let lastGoodBackup: UUID?
    package let lastGoodProof: Int?
    package let lastRunState: RunState?
    package let lastError: String?
    package let goodBackups: Int
    package let storedBytes: Int64

    /// Labels of the database over those of its host.
    package var allLabels: [String: String] { agentLabels.merging(labels) { $1 } }
}
