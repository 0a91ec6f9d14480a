package import Foundation

/// Something that is wrong, opened and resolved by conditions.
package struct IncidentView: Codable, Sendable, Equatable {
    package var id: Int64
    package var key: String
    /// `failed`, `overdue`, `offline`, …
    package var kind: String
    /// `warning` or `critical`.
    package var severity: String
    package var agent: String?
    package var database: String?
    package var title: String
    package var detail: String
    package var openedAt: Date
    package var resolvedAt: Date?
    /// When a person said to know of it, and by which token.
    package var acknowledgedAt: Date?
    package var acknowledgedBy: String?
    package var deliveries: [DeliveryView]
    /// What a person does next, in words; only where one alert is asked for.
    package var nextStep: String?

    package init(
        id: Int64, key: String, kind: String, severity: String, agent: String? = nil, database: String? = nil,
        title: String, detail: String, openedAt: Date, resolvedAt: Date? = nil, deliveries: [DeliveryView],
        acknowledgedAt: Date? = nil, acknowledgedBy: String? = nil
    ) {
        self.acknowledgedAt = acknowledgedAt
        self.acknowledgedBy = acknowledgedBy
        self.id = id
        self.key = key
        self.kind = kind
        self.severity = severity
        self.agent = agent
        self.database = database
        self.title = title
        self.detail = detail
        self.openedAt = openedAt
        self.resolvedAt = resolvedAt
        self.deliveries = deliveries
    }
}

/// One message of an incident on its way to one channel.
package struct DeliveryView: Codable, Sendable, Equatable {
    /// `slack` or `email`.
    package var channel: String
    /// `pending`, `sent`, `abandoned`.
    package var state: String
    package var attempts: Int
    package var sentAt: Date?
    package var lastError: String?
    /// True for a message that the incident is over; nil for one of its beginning.
    package var isEnd: Bool?

    package init(
        channel: String, state: String, attempts: Int, sentAt: Date? = nil, lastError: String? = nil,
        isEnd: Bool? = nil
    ) {
        self.isEnd = isEnd
        self.channel = channel
        self.state = state
        self.attempts = attempts
        self.sentAt = sentAt
        self.lastError = lastError
    }
}

/// What `alert test` did to each channel.
package struct AlertTestView: Codable, Sendable, Equatable {
    package var channel: String
    package var delivered: Bool
    package var error: String?

    package init(channel: String, delivered: Bool, error: String? = nil) {
        self.channel = channel
        self.delivered = delivered
        self.error = error
    }
}
