package import Domain
package import Foundation

/// What another tool's dump is, as far as its name tells.
package struct DumpFile: Sendable, Equatable {
    /// Nil where the name does not say it.
    package let database: String?
    package let takenAt: Date?

    /// The forms that scripts give to their dumps, without suffixes; the first that fits counts.
    package static let forms = [
        "{database}_db_{any}_{date}_{time}", "{database}_app_{date}_{time}", "{database}_{date}_{time}",
        "{database}-{date}_{time}", "{database}-{date}-{time}", "{database}_{date}", "{database}-{date}",
        "{database}.{date}",
    ]

    /// Reads a file's name by a pattern of `{database}`, `{date}` (20260115 or 2026-01-15), `{time}` (0200, 020000, 02:00, 02-00-00; midnight
    /// without) and `{any}`, or by ``forms``. Times are those of `zone`. A pattern may leave out the suffixes, such as `.sql.gz`.
    ///
    /// Throws `.usage` for a pattern that is none.
    package init(_ name: String, pattern: String?, zone: TimeZone) throws(BackupError) {
        let stem = try? Self.stem(of: name)
        for form in pattern.map({ [$0] }) ?? Self.forms {
            let regex = try Self.regex(form)
            for text in [stem, name].compactMap(\.self) where text.utf8.count <= 512 {
                guard let match = try? regex.wholeMatch(in: text) else { continue }
                func field(_ name: String) -> Int? { match[name]?.substring.flatMap { Int($0) } }
                let database = match["database"]?.substring.map(String.init)
                guard match["year"]?.substring != nil else {
                    (self.database, takenAt) = (database, nil)
                    return
                }
                let parts = DateComponents(
                    timeZone: zone, year: field("year"), month: field("month"), day: field("day"),
                    hour: field("hour") ?? 0, minute: field("minute") ?? 0, second: field("second") ?? 0)
                // Of the thirteenth month there is none: no date, whatever looks like one.
                guard let takenAt = Self.date(parts) else { continue }
                (self.database, self.takenAt) = (database, takenAt)
                return
            }
        }
        (database, takenAt) = (nil, nil)
    }

    /// What a file is by its suffixes. Throws `.usage` when they do not tell.
    package static func object(named name: String) throws(BackupError) -> Manifest.Object {
        let (format, codec, stem) = try suffixes(of: name)
        let beside = [ObjectRole.globals, .database].first { format == .plain && stem.hasSuffix($0.suffix) }
        return Manifest.Object(
            role: beside ?? (format == .tar ? .archive : .dump), name: name, format: format, codec: codec,
            plainBytes: .max, plainSha256: "", storedBytes: 0, storedSha256: "")
    }

    private static func stem(of name: String) throws(BackupError) -> String { String(try suffixes(of: name).stem) }

    private static func suffixes(
        of name: String
    ) throws(BackupError) -> (format: ObjectFormat, codec: Compression, stem: Substring) {
        var stem = Substring(name)
        var codec = Compression.none
        for compression in [Compression.gzip, .zstd] where stem.hasSuffix(compression.suffix) {
            codec = compression
            stem = stem.dropLast(compression.suffix.count)
        }
        guard let format = ObjectFormat.allCases.first(where: { stem.hasSuffix($0.suffix) }) else {
            throw BackupError(
                .usage,
                "\(name): cannot tell what it is; names end in .sql, .dump, .db or .tar, then .gz or .zst, or .json")
        }
        return (format, codec, stem.dropLast(format.suffix.count))
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
