import ArgumentParser
import Domain
import Foundation

/// A moment on the command line, in UTC as all lists show it: `2026-01-15T02:00:00Z`, `2026-01-15 02:00`, `2026-01-15`, `14:30`
/// (today), `yesterday 14:30`, or a span that is over: `2h`.
struct TimeArgument: ExpressibleByArgument, Sendable, Equatable {
    let time: Date

    init?(argument: String) { self.init(argument, now: Date()) }

    init?(_ text: String, now: Date) {
        let words = text.trimmingCharacters(in: .whitespaces)
        if let span = SpanArgument(argument: words) {
            time = now.addingTimeInterval(-Double(span.seconds))
        } else if let day = Self.day(words, now: now) {
            time = day
        } else if words.contains("T"), let whole = Timestamp.date(words) {
            time = whole
        } else {
            return nil
        }
    }

    private static func day(_ text: String, now: Date) -> Date? {
        let form = /(?:(today|yesterday|[0-9]{4}-[0-9]{2}-[0-9]{2}))?(?:[ T]?([0-9]{2}:[0-9]{2})(:[0-9]{2})?Z?)?/
        guard !text.isEmpty, let match = text.wholeMatch(of: form) else { return nil }
        let today = String(Timestamp.text(now).prefix(10))
        let date =
            switch match.1 {
            case nil, "today": today
            case "yesterday": String(Timestamp.text(now.addingTimeInterval(-86_400)).prefix(10))
            case let day?: String(day)
            }
        let whole = "\(date)T\(match.2 ?? "00:00")\(match.3 ?? ":00")Z"
        // There is no 25:00: such a one would be read as a time of the next day.
        guard let time = Timestamp.date(whole), Timestamp.text(time) == whole else { return nil }
        return time
    }
}
