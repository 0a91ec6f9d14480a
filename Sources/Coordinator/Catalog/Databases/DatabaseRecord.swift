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

    /// Labels of the database, and over them those that an operator gave its host when it joined: a host does not say by which
    /// policy it is backed up, nor whom its alerts concern, where that was said for it.
    package var allLabels: [String: String] { Self.labels(labels, below: agentLabels) }

    /// The same for a database that has no record.
    package static func labels(_ own: [String: String], below agent: [String: String]) -> [String: String] {
        own.merging(agent) { $1 }
    }
}
