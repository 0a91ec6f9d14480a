import Catalog
import Domain
import Foundation

/// What goes to a channel: one incident or success, or a list of many.
struct AlertMessage: Sendable, Equatable {
    enum Mood: Sendable { case bad, good }

    var mood: Mood
    var title: String
    var environment: String?
    var host: String?
    var database: String?
    var error: String
    /// When the newest good backup of the database was made, in words; nil where it is about none.
    var lastGood: String?
    /// What to do next; nil where nothing is to be done.
    var nextStep: String?
    /// What makes it this message and no other, for mail's Message-ID.
    var id: String
    /// When the message was made: a mail is filed by it.
    var at: Date
    /// When what it tells of began: long before `at` when the channel is newer than that.
    var happenedAt: Date

    init(mood: Mood, title: String, error: String, id: String, at: Date) {
        self.mood = mood
        self.title = Self.clean(title)
        self.error = Self.clean(error, keepingLines: true)
        self.id = id
        self.at = at
        happenedAt = at
    }

    /// `lastGood` is when the newest good backup was made, as far as that is known.
    init(_ delivery: DeliveryRecord, lastGood: Date?? = nil) {
        // What is over before it could be told is one message, and not two.
        let end = delivery.isSuccess ? nil : delivery.endedAt
        self.init(
            mood: delivery.isSuccess ? .good : .bad, title: delivery.title + (end == nil ? "" : " (over)"),
            error: delivery.detail + (end.map { "\nIt is over since \(Timestamp.seconds($0))" } ?? ""),
            id: "\(delivery.id)", at: delivery.createdAt)
        happenedAt = delivery.happenedAt
        if delivery.database != nil { self.lastGood = lastGood.map(Self.words(lastGood:)) }
        if !delivery.isSuccess, end == nil, let kind = delivery.kind {
            nextStep = Self.clean(
                NextStep.words(
                    kind: kind, agent: delivery.agent, database: delivery.database, detail: delivery.detail),
                keepingLines: true)
        }
        environment = delivery.environment.map { Self.clean($0) }
        host = delivery.agent.map { Self.clean($0) }
        database = delivery.database.map { Self.clean($0) }
    }

    /// Of what the catalog could not take.
    init(_ condition: IncidentCondition, at time: Date) {
        self.init(
            mood: .bad, title: condition.title, error: condition.detail,
            id: "unwritten-\(condition.key)-\(Int64(time.timeIntervalSince1970 * 1000))", at: time)
        nextStep = Self.clean(
            NextStep.words(
                kind: condition.kind, agent: condition.agent, database: condition.database, detail: condition.detail),
            keepingLines: true)
        environment = condition.environment.map { Self.clean($0) }
        host = condition.agent.map { Self.clean($0) }
        database = condition.database.map { Self.clean($0) }
    }

    /// Many at once become one message that names them all, or as many as it holds: in turns, so that one host's do not crowd out
    /// the others'.
    static func list(_ deliveries: [DeliveryRecord], at now: Date) -> AlertMessage {
        let bad = deliveries.filter { !$0.isSuccess }
        let ends = deliveries.count { $0.isEnd }
        let good = ends == 0 ? "\(deliveries.count) backups succeeded" : "\(ends) alerts are over"
        let lines = inTurns(deliveries).map { "\(clean($0.title)): \(clean($0.detail).prefix(200))" }
        let shown = lines.prefix(listed)
        let rest =
            lines.count > shown.count ? ["… and \(lines.count - shown.count) more; see `holdfast alert list`"] : []
        return AlertMessage(
            mood: bad.isEmpty ? .good : .bad,
            title: bad.isEmpty ? good : "\(bad.count) alerts at once",
            error: (shown + rest).joined(separator: "\n"), id: "list-\(deliveries.first?.id ?? 0)", at: now)
    }

    /// Several that have one cause: that once and whole, and what it struck, each with its own words where they are others.
    static func ofOneCause(
        _ deliveries: [DeliveryRecord], at now: Date, lastGood: (DeliveryRecord) -> Date?? = { _ in nil }
    ) -> AlertMessage {
        // What is late because of a host comes before that the host is offline.
        let first = deliveries.first { $0.database != nil } ?? deliveries[0]
        let struck = inTurns(deliveries).map { one in
            let good = one.database == nil || one.isSuccess ? nil : lastGood(one).map(words(lastGood:))
            return clean(one.title) + (one.detail == first.detail ? "" : ": \(clean(one.detail).prefix(200))")
                + (good.map { " (last good backup: \($0))" } ?? "")
        }
        let shown = struck.prefix(listed)
        let rest = struck.count > shown.count ? ["… and \(struck.count - shown.count) more"] : []
        var message = AlertMessage(
            mood: first.isSuccess ? .good : .bad,
            title: "\(clean(first.title)), and \(struck.count - 1) more"
                + (first.isSuccess ? "" : " for the same reason"),
            error: ([clean(first.detail, keepingLines: true), ""] + shown + rest).joined(separator: "\n"),
            id: "cause-\(first.id)", at: now)
        message.nextStep = AlertMessage(first).nextStep
        // What all of them share stands where it stands in the message of one.
        message.environment = shared(deliveries.map(\.environment)).map { clean($0) }
        message.host = shared(deliveries.map(\.agent)).map { clean($0) }
        message.database = shared(deliveries.map(\.database)).map { clean($0) }
        return message
    }

    private static func shared(_ names: [String?]) -> String? {
        let all = Set(names.compactMap(\.self))
        return all.count == 1 ? all.first : nil
    }

    private static func words(lastGood: Date?) -> String { lastGood.map(Timestamp.seconds) ?? "none yet" }

    private static let listed = 50

    /// The first of each host, then the second of each, and so on.
    private static func inTurns(_ deliveries: [DeliveryRecord]) -> [DeliveryRecord] {
        var turns: [String?: Int] = [:]
        return deliveries.enumerated()
            .map { place, delivery in
                turns[delivery.agent, default: 0] += 1
                return (turn: turns[delivery.agent, default: 0], place: place, delivery: delivery)
            }
            .sorted { ($0.turn, $0.place) < ($1.turn, $1.place) }.map(\.delivery)
    }

    /// Names are hostile input: no line breaks, no control characters, and no end to them.
    static func clean(_ text: String, keepingLines: Bool = false) -> String {
        let cleaned = text.unicodeScalars.map { scalar -> Character in
            if keepingLines, scalar == "\n" { return "\n" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{fffd}"
            default: return Character(scalar)
            }
        }
        return String(String(cleaned).prefix(keepingLines ? 12_000 : 500))
    }
}
