package import Domain
package import Foundation

/// How the names of other tools' dumps are read. Made once for many names; for one thread.
package struct DumpNames {
    private let forms: [Regex<AnyRegexOutput>]
    private let zone: TimeZone

    /// The forms that scripts give to their dumps, without suffixes; the first that fits counts.
    package static let usual = [
        "{database}_db_{any}_{date}_{time}", "{database}_app_{date}_{time}", "{database}_{date}_{time}",
        "{database}-{date}_{time}", "{database}-{date}-{time}", "{database}_{date}", "{database}-{date}",
        "{database}.{date}",
    ]

    /// What a file can be called at most, in bytes.
    private static let longest = 255

    /// By a pattern of `{database}`, `{date}` (20260115 or 2026-01-15), `{time}` (0200, 020000, 02:00, 02-00-00; midnight without) and
    /// `{any}`, or by ``usual``. Times are those of `zone`. A pattern may leave out the suffixes, such as `.sql.gz`.
    ///
    /// Throws `.usage` for a pattern that is none.
    package init(pattern: String?, zone: TimeZone) throws(BackupError) {
        var forms: [Regex<AnyRegexOutput>] = []
        for form in pattern.map({ [$0] }) ?? Self.usual { forms.append(try Self.regex(form)) }
        (self.forms, self.zone) = (forms, zone)
    }

    /// What a file's name says; nothing where it fits no form.
    package func read(_ name: String) -> DumpFile {
        // A name without a dump's suffixes is read as it stands.
        let stem = (try? DumpFile.suffixes(of: name)).map { String($0.stem) }
        for form in forms {
            for text in [stem, name].compactMap(\.self) where text.utf8.count <= Self.longest {
                guard let match = try? form.wholeMatch(in: text) else { continue }
                func field(_ name: String) -> Int? { match[name]?.substring.flatMap { Int($0) } }
                let database = match["database"]?.substring.map(String.init)
                guard match["year"]?.substring != nil else { return DumpFile(database: database) }
                let parts = DateComponents(
                    timeZone: zone, year: field("year"), month: field("month"), day: field("day"),
                    hour: field("hour") ?? 0, minute: field("minute") ?? 0, second: field("second") ?? 0)
                // Of the thirteenth month there is none: no date, whatever looks like one.
                guard let takenAt = Self.date(parts) else { continue }
                return DumpFile(database: database, takenAt: takenAt)
            }
        }
        return DumpFile()
    }

    private static func regex(_ pattern: String) throws(BackupError) -> Regex<AnyRegexOutput> {
        let fields = [
            "{database}": "(?<database>.+?)", "{any}": ".+?",
            "{date}": "(?<year>[0-9]{4})-?(?<month>[0-9]{2})-?(?<day>[0-9]{2})",
            "{time}": "(?<hour>[0-9]{2})[-:h]?(?<minute>[0-9]{2})(?:[-:m]?(?<second>[0-9]{2}))?",
        ]
        let known = "{database}, {date}, {time} and {any}"
        var (source, rest) = ("", Substring(pattern))
        var seen: Set<String> = []
        while let first = rest.first {
            if first == "{" {
                guard let end = rest.firstIndex(of: "}"), let field = fields[String(rest[...end])] else {
                    throw BackupError(.usage, "the pattern \(pattern) has a brace that begins none of \(known)")
                }
                let name = String(rest[...end])
                guard name == "{any}" || seen.insert(name).inserted else {
                    throw BackupError(.usage, "the pattern \(pattern) has \(name) twice")
                }
                source += field
                rest = rest[rest.index(after: end)...]
            } else {
                source += NSRegularExpression.escapedPattern(for: String(first))
                rest = rest.dropFirst()
            }
        }
        do { return try Regex(source) } catch {
            throw BackupError(.usage, "the pattern \(pattern) cannot be used: it is text with \(known)", cause: error)
        }
    }

    private static func date(_ parts: DateComponents) -> Date? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = parts.timeZone ?? .gmt
        guard let date = calendar.date(from: parts) else { return nil }
        let back = calendar.dateComponents([.year, .month, .day, .minute, .second], from: date)
        // Not the hour: one that a clock leaves out in spring is the next.
        let isSame =
            back.year == parts.year && back.month == parts.month && back.day == parts.day && back.minute == parts.minute
            && back.second == parts.second
        return isSame && (parts.hour ?? 0) < 24 ? date : nil
    }
}
