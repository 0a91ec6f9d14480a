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
    /// between sends it twice, never not at all. What the catalog could not take is sent from memory, first.
    func deliverAlerts() async throws(BackupError) {
        let now = world.now()
        let sender = AlertSender(routes: fleet.alerts, world: world)
        await deliverUnwritten(sender)
        // Known in memory all the same: a catalog that takes nothing must not keep the others' alerts from going out.
        try? await recordSent()
        let all = try await catalog.read { try $0.dueDeliveries(at: now, limit: 2000) }
        let told = all.filter { delivery in
            !delivery.isEnd && delivery.key.map { unwritten.isTold($0, delivery.channel) } ?? false
        }
        if !told.isEmpty {
            unwritten.noteSent(told.map(\.id))
            for delivery in told { if let key = delivery.key { unwritten.match(key, delivery.channel) } }
            try? await recordSent()
        }
        let sent = unwritten.sent.union(told.map(\.id))
        let due = all.filter { !sent.contains($0.id) && !unwritten.isPaused($0.channel, at: now) }
        for (channel, deliveries) in Dictionary(grouping: due, by: \.channel).sorted(by: { $0.key < $1.key }) {
            let now = try await gathered(deliveries)
            if now.count > AlertRule.separately {
                try await send([(AlertMessage.list(now, at: world.now()), now)], to: channel, sender)
            } else {
                try await send(Self.byCause(now, await lastGood(of: now), at: world.now()), to: channel, sender)
            }
        }
    }

    /// Those that are to be told now; others of a cause that was told a short while ago wait until its time is over.
    private func gathered(_ deliveries: [DeliveryRecord]) async throws(BackupError) -> [DeliveryRecord] {
        let now = world.now()
        let held = Dictionary(
            deliveries.compactMap { delivery in toldCauses.hold(delivery, at: now).map { (delivery.id, $0) } }
        ) { $1 }
        guard !held.isEmpty else { return deliveries }
        do throws(BackupError) {
            try await catalog.write { update in
                for (id, end) in held { try update.postpone(id, until: end) }
            }
        } catch {
            // What cannot be put off is told.
            return deliveries
        }
        return deliveries.filter { held[$0.id] == nil }
    }

    /// Several of one cause are one message.
    private static func byCause(
        _ deliveries: [DeliveryRecord], _ lastGood: [Int64: Date?], at now: Date
    ) -> [(AlertMessage, [DeliveryRecord])] {
        let groups = Dictionary(grouping: deliveries) { ToldCauses.cause($0) ?? "\($0.id)" }
        return groups.values.sorted { $0[0].id < $1[0].id }.map { group in
            let message =
                group.count == 1
                ? AlertMessage(group[0], lastGood: lastGood[group[0].id])
                : AlertMessage.ofOneCause(group, at: now) { lastGood[$0.id] }
            return (message, group)
        }
    }

    /// By delivery; empty where the catalog does not say: a message goes out all the same.
    private func lastGood(of deliveries: [DeliveryRecord]) async -> [Int64: Date?] {
        let known = try? await catalog.read { view in
            var known: [Int64: Date?] = [:]
            for delivery in deliveries {
                guard let agent = delivery.agent, let database = delivery.database else { continue }
                known.updateValue(try view.lastGoodAt(ofDatabase: database, onAgentNamed: agent), forKey: delivery.id)
            }
            return known
        }
        return known ?? [:]
    }

    private func send(
        _ messages: [(AlertMessage, [DeliveryRecord])], to channel: String, _ sender: AlertSender
    ) async throws(BackupError) {
        for (message, deliveries) in messages {
            let ids = deliveries.map(\.id)
            do throws(AlertSender.Refusal) {
                try await sender.send(message, to: channel)
            } catch {
                // The pause is in memory.
                try? await putOff(deliveries, error)
                logger.warning("alert not sent", metadata: ["channel": "\(channel)", "error": "\(error.reason)"])
                // The others would meet the same; they wait for the next round.
                return
            }
            toldCauses.note(deliveries, at: world.now())
            // Known before it is written: what cannot be written must not be sent again.
            unwritten.noteSent(ids)
            // Without a catalog to write it to, the next message goes out all the same.
            try? await recordSent()
        }
    }

    /// Writes down what channels have taken.
    private func recordSent() async throws(BackupError) {
        let (now, ids) = (world.now(), unwritten.sent)
        guard !ids.isEmpty else { return }
        try await catalog.write { try $0.markSent(ids.sorted(), at: now) }
        unwritten.forgetSent(ids)
    }

    /// Takes in what is wrong with the catalog and what it could not take, and tells it.
    private func deliverUnwritten(_ sender: AlertSender) async {
        let (now, troubles) = (world.now(), catalog.health.troubles)
        if unwritten.note(troubles.map(IncidentCondition.catalog), at: now) {
            for trouble in troubles {
                logger.critical("the catalog cannot be used", metadata: ["trouble": "\(trouble.words)"])
            }
        }
        _ = unwritten.note(catalog.health.takeUnwritten(), at: now)
        for channel in sender.routes.channels {
            for waiting in unwritten.due(for: channel, at: now) {
                do throws(AlertSender.Refusal) {
                    try await sender.send(AlertMessage(waiting.condition, at: waiting.since), to: channel)
                    unwritten.settle(waiting.condition.key, channel, nextAt: nil)
                } catch {
                    let wait = AlertRule.wait(attempts: waiting.attempts, retryAfter: error.retryAfterSeconds)
                    unwritten.settle(waiting.condition.key, channel, nextAt: now + wait)
                    logger.warning("alert not sent", metadata: ["channel": "\(channel)", "error": "\(error.reason)"])
                    // The others would meet the same.
                    break
                }
            }
        }
    }

    private func putOff(_ deliveries: [DeliveryRecord], _ refusal: AlertSender.Refusal) async throws(BackupError) {
        let now = world.now()
        // Should it not be written, the channel still has its pause.
        if let channel = deliveries.first?.channel {
            unwritten.pause(channel, until: now + AlertRule.wait(attempts: 0, retryAfter: refusal.retryAfterSeconds))
        }
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
