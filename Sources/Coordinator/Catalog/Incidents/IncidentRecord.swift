package import Foundation

/// Something that is wrong. At most one of a key is open at a time.
package struct IncidentRecord: Sendable, Equatable {
    package let id: Int64
    package let condition: IncidentCondition
    package let openedAt: Date
    package let resolvedAt: Date?
    /// When a person said to know of it, and who.
    package let acknowledgedAt: Date?
    package let acknowledgedBy: String?
}

/// What is wrong, without when.
package struct IncidentCondition: Sendable, Equatable {
    /// `failed:<agent id>:<database>` and the like.
    package var key: String
    package var kind: String
    package var isCritical: Bool
    /// Names, for people.
    package var agent: String?
    package var database: String?
    package var environment: String?
    package var title: String
    package var detail: String
    /// Id of the backup that it is about.
    package var subject: UUID?

    package init(
        key: String, kind: String, isCritical: Bool, agent: String? = nil, database: String? = nil,
        environment: String? = nil, title: String, detail: String, subject: UUID? = nil
    ) {
        self.subject = subject
        self.key = key
        self.kind = kind
        self.isCritical = isCritical
        self.agent = agent
        self.database = database
        self.environment = environment
        self.title = title
        self.detail = detail
    }
}

extension DeliveryRecord {
    /// The incident's; nil for what tells of a success and no incident.
    package var kind: String? { key.map { String($0.prefix { $0 != ":" }) } }
}

/// One message on its way to one channel.
package struct DeliveryRecord: Sendable, Equatable {
    package let id: Int64
    package let incident: Int64?
    /// That of the incident.
    package let key: String?
    package let channel: String
    /// Whether it tells of a success, or that something is over.
    package let isSuccess: Bool
    /// Whether it tells that the incident is over.
    package let isEnd: Bool
    /// When the incident was over; nil while it is open.
    package let endedAt: Date?
    package let agent: String?
    package let database: String?
    package let environment: String?
    package let title: String
    package let detail: String
    /// `pending`, `sent` or `abandoned`.
    package let state: String
    package let createdAt: Date
    /// When what it tells of began: before `createdAt` when the channel is newer than the incident.
    package let happenedAt: Date
    package let attempts: Int
    package let sentAt: Date?
    package let lastError: String?
}
