package import Foundation

/// Times as text: RFC 3339 in UTC on the wire, and the compact form of object names.
package enum Timestamp {
    /// `2026-01-15T02:00:00Z`, or with milliseconds when there are any.
    package static func text(_ date: Date) -> String {
        let milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
        let second = Date(timeIntervalSince1970: (Double(milliseconds) / 1000).rounded(.down)).formatted(plain)
        let rest = (milliseconds % 1000 + 1000) % 1000
        // By hand: the style cuts off what binary fractions lack, so that a time would lose a millisecond by being
        // written, and another one by being read and written again.
        return rest == 0 ? second : second.dropLast() + ".\(String(rest + 1000).dropFirst())Z"
    }

    /// `2026-01-15T02:00:00Z`, for people: whole seconds, cut off.
    package static func seconds(_ date: Date) -> String {
        Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down)).formatted(plain)
    }

    /// Reads RFC 3339 with any offset, with or without fractions; nil for anything else.
    package static func date(_ text: String) -> Date? {
        guard text.utf8.count <= 40 else { return nil }
        // A failed parse is the answer "not of this form", so its error says nothing more.
        return (try? plain.parse(text)) ?? (try? fractional.parse(text))
    }

    /// `20260115_020000`, as it stands in object names (UTC).
    package static func compact(_ date: Date) -> String {
        let digits = date.formatted(plain).filter(\.isNumber)
        return "\(digits.prefix(8))_\(digits.dropFirst(8).prefix(6))"
    }

    private static let plain = Date.ISO8601FormatStyle()
    private static let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
