import Catalog
package import Domain
import Foundation
import Logging
package import Wire

extension Coordinator {
    /// Sends a test message to every channel now, past the outbox.
    package func testAlerts(by operator: OperatorIdentity) async throws(BackupError) -> [AlertTestView] {
        try `operator`.require(.operator, "testing alerts")
        let sender = AlertSender(routes: fleet.alerts, world: world)
        let now = world.now()
        let message = AlertMessage(
            mood: .good, title: "Test alert from Holdfast", error: "Alerts of this coordinator arrive here.",
            id: "test", at: now)
        var views: [AlertTestView] = []
        for channel in sender.routes.channels {
            do throws(AlertSender.Refusal) {
                try await sender.send(message, to: channel)
            } catch {
                views.append(AlertTestView(channel: channel, delivered: false, error: error.reason))
                continue
            }
            try await catalog.write { try $0.noteTaken(by: channel, title: message.title, at: now) }
            views.append(AlertTestView(channel: channel, delivered: true))
        }
        return views
    }

    /// Sends what waits in the outbox, channel by channel. A message counts as sent after its channel took it: a crash in
    /// between sends it twice, never not at all.
    func deliverAlerts() async throws(BackupError) {
        let now = world.now()
        let due = try await catalog.read { try $0.dueDeliveries(at: now, limit: 2000) }
        let sender = AlertSender(routes: fleet.alerts, world: world)
        for (channel, deliveries) in Dictionary(grouping: due, by: \.channel).sorted(by: { $0.key < $1.key }) {
            if deliveries.count > AlertRule.separately {
                try await send([(AlertMessage.list(deliveries, at: now), deliveries)], to: channel, sender)
            } else {
                try await send(deliveries.map { (AlertMessage($0), [$0]) }, to: channel, sender)
            }
        }
    }

    private func send(
        _ messages: [(AlertMessage, [DeliveryRecord])], to channel: String, _ sender: AlertSender
    ) async throws(BackupError) {
        for (message, deliveries) in messages {
            let ids = deliveries.map(\.id)
            do throws(AlertSender.Refusal) {
                try await sender.send(message, to: channel)
            } catch {
                try await putOff(deliveries, error)
                logger.warning("alert not sent", metadata: ["channel": "\(channel)", "error": "\(error.reason)"])
                // The others would meet the same; they wait for the next round.
                return
            }
            let now = world.now()
            try await catalog.write { try $0.markSent(ids, at: now) }
        }
    }

    private func putOff(_ deliveries: [DeliveryRecord], _ refusal: AlertSender.Refusal) async throws(BackupError) {
        let now = world.now()
        try await catalog.write { update in
            for delivery in deliveries {
                let wait = AlertRule.wait(attempts: delivery.attempts, retryAfter: refusal.retryAfterSeconds)
                let gaveUp = now.timeIntervalSince(delivery.createdAt) > AlertRule.patience
                try update.markUnsent([delivery.id], error: refusal.reason, nextAt: gaveUp ? nil : now + wait)
            }
        }
    }
}

/// How alerts are sent.
enum AlertRule {
    /// More than this at once become one message.
    static let separately = 10
    /// For how long a message is tried.
    static let patience: TimeInterval = 7 * 86_400

    /// Seconds until the next try: what the channel asked for, or twice as long each time, up to an hour.
    static func wait(attempts: Int, retryAfter: Int?) -> TimeInterval {
        if let retryAfter { return TimeInterval(min(max(retryAfter, 1), 3600)) }
        return min(15 * pow(2, Double(min(attempts, 20))), 3600)
    }
}
