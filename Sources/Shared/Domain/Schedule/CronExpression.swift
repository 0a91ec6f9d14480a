/// A cron expression: minute, hour, day of month, month, day of week, as in Vixie cron. It knows local times only; a
/// ``Schedule`` adds the zone.
///
/// - Values, lists, ranges and steps; `jan` to `dec` and `sun` to `sat` in any case; 0 and 7 are both Sunday.
/// - `@hourly`, `@daily` (`@midnight`), `@weekly`, `@monthly`, `@yearly` (`@annually`).
/// - Day of month and day of week are OR'd when both are restricted. A field that begins with `*` is not restricted, so
///   with `*/2` and a weekday both must fit.
package struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    package let text: String

    let minutes: CronFieldValues
    let hours: CronFieldValues
    let daysOfMonth: CronFieldValues
    let months: CronFieldValues
    let daysOfWeek: CronFieldValues

    package var description: String { text }

    /// Whether the hours are given by `*` or `*/n`: such a job keeps its rhythm in real time when clocks change.
    package var keepsRealTime: Bool { hours.isStarred }

    /// Throws `.configuration`, naming the field and what was expected, also for expressions that never come true.
    package init(_ text: String) throws(BackupError) {
        guard text.utf8.count <= 256 else {
            throw BackupError(.configuration, "a cron expression is at most 256 bytes long")
        }
        let expanded = try Self.expand(text)
        let fields = expanded.split { $0 == " " || $0 == "\t" }
        guard fields.count == 5 else {
            throw BackupError(
                .configuration,
                "cron expression \"\(text)\": expected 5 fields (minute, hour, day of month, month, day of week), "
                    + "found \(fields.count)")
        }
        self.text = text
        minutes = try Self.values(.minute, fields[0], in: text)
        hours = try Self.values(.hour, fields[1], in: text)
        daysOfMonth = try Self.values(.dayOfMonth, fields[2], in: text)
        months = try Self.values(.month, fields[3], in: text)
        daysOfWeek = try Self.values(.dayOfWeek, fields[4], in: text)
        guard nextMatchingDay(after: 0) != nil else {
            throw BackupError(
                .configuration,
                "cron expression \"\(text)\": day of month \"\(fields[2])\" and month \"\(fields[3])\" never come "
                    + "together: expected a day that the month has")
        }
    }

    private static func values(
        _ field: CronField, _ text: Substring, in whole: String
    ) throws(BackupError) -> CronFieldValues {
        do {
            return try CronFieldValues(field, text)
        } catch {
            throw BackupError(
                .configuration,
                "cron expression \"\(whole)\": \(field.name) \"\(error.part)\": expected \(error.expected)")
        }
    }

    private static func expand(_ text: String) throws(BackupError) -> String {
        guard text.hasPrefix("@") else { return text }
        return switch text.lowercased() {
        case "@hourly": "0 * * * *"
        case "@daily", "@midnight": "0 0 * * *"
        case "@weekly": "0 0 * * 0"
        case "@monthly": "0 0 1 * *"
        case "@yearly", "@annually": "0 0 1 1 *"
        default:
            throw BackupError(
                .configuration,
                "cron expression \"\(text)\": expected @hourly, @daily, @weekly, @monthly or @yearly")
        }
    }
}
