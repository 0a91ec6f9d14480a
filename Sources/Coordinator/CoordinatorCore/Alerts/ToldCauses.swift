import Catalog
import Foundation
import Synchronization

/// What channels were told a short while ago: more of the same cause waits and comes as one message, so that one wrong key of a
/// bucket is not sixty messages.
///
/// In memory: after a start one message more goes out.
final class ToldCauses: Sendable {
    /// For so long more of one cause is gathered, in seconds.
    static let window: TimeInterval = 600
    private static let most = 10_000

    private struct Place: Hashable {
        let channel: String
        let cause: String
    }

    private let told = Mutex<[Place: Date]>([:])

    /// Until when this waits for others of its cause; nil when it is to be told now.
    func hold(_ delivery: DeliveryRecord, at now: Date) -> Date? {
        guard let cause = Self.cause(delivery) else { return nil }
        return told.withLock { told in
            guard let last = told[Place(channel: delivery.channel, cause: cause)] else { return nil }
            let end = last + Self.window
            return end > now && last <= now ? end : nil
        }
    }

    func note(_ deliveries: [DeliveryRecord], at now: Date) {
        told.withLock { told in
            told = told.filter { $0.value + Self.window > now }
            for delivery in deliveries {
                guard let cause = Self.cause(delivery), told.count < Self.most else { continue }
                told[Place(channel: delivery.channel, cause: cause)] = now
            }
        }
    }

    /// What kind of alert it is and what is said of it, without numbers and ids, which differ where the cause is one. Nil for what
    /// tells of a success, and for what is told once and never again.
    static func cause(_ delivery: DeliveryRecord) -> String? {
        guard !delivery.isSuccess, !delivery.detail.isEmpty, delivery.key?.hasPrefix("\(IncidentKind.noted):") != true
        else {
            return nil
        }
        let kind = delivery.key?.prefix { $0 != ":" } ?? ""
        let words = delivery.detail.prefix(1000).replacing(/[0-9a-f-]*[0-9][0-9a-f-]*/, with: "0")
        return "\(kind) \(words)"
    }
}
