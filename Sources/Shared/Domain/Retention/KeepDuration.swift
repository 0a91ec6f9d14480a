package import Foundation

/// For how long backups are kept: `48h`, `30d`, `12w` or `12mo`. Months are months of the calendar, in UTC.
package struct KeepDuration: Hashable, Sendable, CustomStringConvertible {
    package enum Unit: String, Sendable, CaseIterable {
        case hours = "h"
        case days = "d"
        case weeks = "w"
        case months = "mo"
    }

    /// At least 1.
    package let count: Int
    package let unit: Unit

    /// Throws `.configuration` unless the count is 1 to 99999.
    package init(_ count: Int, _ unit: Unit) throws(BackupError) {
        guard (1...Self.most).contains(count) else {
            throw BackupError(
                .configuration,
                "cannot keep backups for \(count)\(unit.rawValue): expected a number of 1 to \(Self.most)")
        }
        self.init(checked: count, unit)
    }

    /// Reads `48h`, `30d`, `12w` or `12mo`. Throws `.configuration` with the position and what was expected there.
    package init(_ text: String) throws(BackupError) {
        let shown = text.prefix(20)
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else {
            throw BackupError(
                .configuration,
                "keep \"\(shown)\": at character 1: expected a number, then h, d, w or mo (such as 30d)")
        }
        guard let count = Int(digits), (1...Self.most).contains(count) else {
            throw BackupError(
                .configuration, "keep \"\(shown)\": at character 1: expected a number of 1 to \(Self.most)")
        }
        guard let unit = Unit(rawValue: String(text.dropFirst(digits.count))) else {
            throw BackupError(
                .configuration,
                "keep \"\(shown)\": at character \(digits.count + 1): expected h (hours), d (days), w (weeks) or "
                    + "mo (months) and nothing after it")
        }
        self.init(checked: count, unit)
    }

    private init(checked count: Int, _ unit: Unit) {
        self.count = count
        self.unit = unit
    }

    private static let most = 99_999

    /// What is kept from this instant on is kept until, but not including, the result. In a month without the day, the
    /// last day of the month counts: a month from 31 January is 28 or 29 February.
    package func end(from start: Date) -> Date {
        switch unit {
        case .hours: start + TimeInterval(count) * 3600
        case .days: start + TimeInterval(count) * 86_400
        case .weeks: start + TimeInterval(count) * 7 * 86_400
        case .months: monthsLater(start)
        }
    }

    private func monthsLater(_ start: Date) -> Date {
        let seconds = start.timeIntervalSince1970
        // Far outside of any calendar a month is simply long; nothing is deleted early for it.
        guard abs(seconds) < 1e12 else { return start + TimeInterval(count) * 31 * 86_400 }
        let dayNumber = Int((seconds / 86_400).rounded(.down))
        let date = CivilDate(dayNumber: dayNumber)
        let month = date.month - 1 + count
        var later = CivilDate(year: date.year + month / 12, month: month % 12 + 1, day: 1)
        later.day = min(date.day, CivilDate.daysIn(month: later.month, year: later.year))
        return start + TimeInterval(later.dayNumber - dayNumber) * 86_400
    }

    /// As it is written in settings: `30d`.
    package var text: String { "\(count)\(unit.rawValue)" }

    /// As it is read by people: `30 d`.
    package var description: String { "\(count) \(unit.rawValue)" }

    /// What a tier is kept for when nothing else was said.
    package static func standard(for tier: Tier) -> KeepDuration {
        switch tier {
        case .hourly: KeepDuration(checked: 48, .hours)
        case .daily, .manual: KeepDuration(checked: 30, .days)
        case .weekly: KeepDuration(checked: 12, .weeks)
        case .monthly: KeepDuration(checked: 12, .months)
        }
    }
}

extension KeepDuration: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
