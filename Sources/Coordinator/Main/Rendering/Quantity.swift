import Domain
import Foundation

/// Sizes, spans and times as people say them.
enum Quantity {
    /// `512 B`, `1.5 GB`, `537 MB`: powers of 1000.
    static func size(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        var value = Double(bytes)
        var unit = 0
        // 999.95 kB would be printed as 1000.0 kB: it is 1.0 MB.
        while abs(value) >= (unit == 0 ? 1000 : 999.5), unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        guard unit > 0 else { return "\(bytes) B" }
        return abs(value) < 99.95
            ? "\(fixed(value, 1)) \(units[unit])" : "\(Int64(value.rounded())) \(units[unit])"
    }

    static func size(_ bytes: Int64?) -> String { bytes.map { size($0) } ?? "" }

    /// `310 MB/s`; empty when no time has passed.
    static func rate(_ bytes: Int64, over seconds: Double) -> String {
        seconds > 0.2 && bytes > 0 ? size(Int64(Double(bytes) / seconds)) + "/s" : ""
    }

    /// `45 s`, `3 min`, `5 h`, `12 days`: as the page says it.
    static func span(_ seconds: Double) -> String { SpanText.of(seconds) }

    /// `0:12`, `3:05`, `1:02:09`.
    static func clock(_ seconds: Double) -> String {
        let whole = Int64(max(0, seconds))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

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

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func fixed(_ value: Double, _ digits: Int) -> String {
        value.formatted(
            .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
    }
}
