import Domain
import Foundation

/// Sizes, spans and times as people say them.
enum Quantity {
    /// `512 B`, `1.5 GB`, `537 MB`: powers of 1000.
    static func size(_ bytes: Int64) -> String { AmountText.size(bytes) }

    static func size(_ bytes: Int64?) -> String { bytes.map { size($0) } ?? "" }

    /// `310 MB/s`; empty when no time has passed.
    static func rate(_ bytes: Int64, over seconds: Double) -> String { AmountText.rate(bytes, over: seconds) }

    /// `45 s`, `3 min`, `5 h`, `12 days`: as the page says it.
    static func span(_ seconds: Double) -> String { SpanText.of(seconds) }

    /// `0:12`, `3:05`, `1:02:09`.
    static func clock(_ seconds: Double) -> String { AmountText.clock(seconds) }

    /// `3 min ago`, `just now`, `in 12 min`; the date when it is more than 60 days away.
    static func age(_ time: Date, now: Date) -> String {
        let seconds = now.timeIntervalSince(time)
        switch seconds {
        case (-5)..<5: return "just now"
        case let ago where abs(ago) >= 60 * 86400: return String(Timestamp.text(time).prefix(10))
        case let ago where ago > 0: return span(ago) + " ago"
        default: return "in " + span(-seconds)
        }
    }

    static func age(_ time: Date?, now: Date) -> String { time.map { age($0, now: now) } ?? "never" }

    /// `2026-01-15 02:00:00Z`.
    static func time(_ time: Date) -> String {
        String(Timestamp.text(time).prefix(19)).replacing("T", with: " ") + "Z"
    }

    static func time(_ moment: Date?) -> String { moment.map { time($0) } ?? "" }
}
