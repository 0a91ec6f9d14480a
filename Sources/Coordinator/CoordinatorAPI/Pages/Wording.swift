import Domain
import Foundation

/// Times and sizes as a tired reader takes them in.
enum Wording {
    /// `4 min ago`, `in 3 h`, `now`.
    static func distance(_ date: Date, from now: Date) -> String {
        let seconds = date.timeIntervalSince(now)
        guard abs(seconds) >= 5 else { return "now" }
        return seconds < 0 ? "\(SpanText.of(-seconds)) ago" : "in \(SpanText.of(seconds))"
    }

    /// `2026-01-15 02:00`, in UTC.
    static func moment(_ date: Date) -> String {
        let text = date.formatted(Date.ISO8601FormatStyle())
        return String(text.prefix(16)).replacing("T", with: " ")
    }

    /// In powers of 1000, as stores bill them.
    static func bytes(_ count: Int64) -> String {
        var (value, unit) = (Double(count), 0)
        let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"]
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let digits = unit == 0 || value >= 99.95 ? 0 : 1
        return value.formatted(
            .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
            + " " + units[unit]
    }
}
