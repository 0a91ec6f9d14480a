import Catalog
import Domain
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

    private struct Telling {
        let at: Date
        let kind: String?
    }

    private let told = Mutex<[Place: Telling]>([:])

    /// Until when this waits for others of its cause; nil when it is to be told now.
    func hold(_ delivery: DeliveryRecord, at now: Date) -> Date? {
        guard !delivery.isSuccess, let cause = Self.cause(delivery) else { return nil }
        return told.withLock { told in
            guard let last = told[Place(channel: delivery.channel, cause: cause)] else { return nil }
            // That backups are missing is more than that their host is offline.
            if delivery.kind == IncidentKind.overdue, last.kind == IncidentKind.offline { return nil }
            let end = last.at + Self.window
            return end > now && last.at <= now ? end : nil
        }
    }

    func note(_ deliveries: [DeliveryRecord], at now: Date) {
        told.withLock { told in
            told = told.filter { $0.value.at + Self.window > now }
            // What is worse stays in memory.
            for delivery in deliveries.sorted(by: { $0.database == nil && $1.database != nil }) {
                guard !delivery.isSuccess, let cause = Self.cause(delivery), told.count < Self.most else { continue }
                told[Place(channel: delivery.channel, cause: cause)] = Telling(at: now, kind: delivery.kind)
            }
        }
    }

    /// What kind of alert it is and what is said of it, without numbers and ids, which differ where the cause is one. Nil for what
    /// tells of a success, and for what is told once and never again. Ends of one kind belong together, and what is late because a
    /// host is offline belongs to that.
    static func cause(_ delivery: DeliveryRecord) -> String? {
        if delivery.isEnd { return "over \(delivery.kind ?? "")" }
        guard !delivery.isSuccess, !delivery.detail.isEmpty, delivery.kind != IncidentKind.noted else { return nil }
        let isOfflineHost = delivery.kind == IncidentKind.overdue && delivery.detail.hasPrefix(OfflineWords.beginning)
        if isOfflineHost || delivery.kind == IncidentKind.offline { return "host \(delivery.agent ?? "")" }
        let words = delivery.detail.prefix(1000).replacing(/[0-9a-f-]*[0-9][0-9a-f-]*/, with: "0")
        return "\(delivery.kind ?? "") \(words)"
    }
}

/// How an alert says that it has an offline host for its cause.
enum OfflineWords {
    static let beginning = "its host is offline"

    static func of(lastSeenAt: Date?) -> String {
        beginning
            + (lastSeenAt.map { ", last seen \(Timestamp.seconds($0))" } ?? ", and was never seen since it joined")
    }
}
