package import Foundation

/// A cron expression in a named time zone: when something is due, as instants.
///
/// When clocks change, a job at fixed hours runs once: what falls into the hour that is missing runs as much later as the
/// clock was put forward, and in the hour that comes twice it runs the first time. A job whose hour begins with `*` keeps
/// its rhythm in real time. Pure and fast; made for the years 1 to 9999.
package struct Schedule: Hashable, Sendable {
    package let cron: CronExpression
    /// The zone as it was named.
    package let timeZone: String
    private let zone: ZoneRules

    /// Throws `.configuration` for an expression or zone that is none. Zones are named as in the IANA database.
    package init(cron: String, timeZone: String = "UTC") throws(BackupError) {
        self.cron = try CronExpression(cron)
        guard let zone = ZoneRules(named: timeZone) else {
            throw BackupError(
                .configuration,
                "time zone \"\(timeZone.prefix(64))\": expected an IANA name such as UTC or Europe/Berlin")
        }
        self.timeZone = timeZone
        self.zone = zone
    }

    /// The first occurrence after this instant: always later than it. `.distantFuture` when the years run out.
    package func next(after instant: Date) -> Date {
        guard var from = Self.seconds(instant) else { return .distantFuture }
        for _ in 0..<Self.patience {
            let stretch = ZoneStretch(around: from + 1, in: zone)
            let candidate = offsets(in: stretch)
                .compactMap { offset in cron.nextLocal(after: from + offset).map { $0 - offset } }
                .min()
            if let candidate, candidate < stretch.end { return Self.date(candidate) }
            from = stretch.end - 1
            // With no change of the clock in reach, nothing can match until shortly before the candidate.
            if let candidate, stretch.isOpenAtEnd { from = max(from, candidate - ZoneStretch.margin) }
        }
        return .distantFuture
    }

    /// The last occurrence at or before this instant; nil when the years run out.
    package func previous(atOrBefore instant: Date) -> Date? {
        guard var from = Self.seconds(instant) else { return nil }
        for _ in 0..<Self.patience {
            let stretch = ZoneStretch(around: from, in: zone)
            let candidate = offsets(in: stretch)
                .compactMap { offset in cron.previousLocal(atOrBefore: from + offset).map { $0 - offset } }
                .max()
            if let candidate, candidate >= stretch.start { return Self.date(candidate) }
            from = stretch.start - 1
            if let candidate, stretch.isOpenAtStart { from = min(from, candidate + ZoneStretch.margin) }
        }
        return nil
    }

    /// The seconds between the occurrences on both sides of this instant; one at the instant itself counts as before.
    package func interval(around instant: Date) -> TimeInterval {
        let after = next(after: instant)
        // The very first occurrence of all has none before it: then the interval that follows stands for it.
        return after.timeIntervalSince(previous(atOrBefore: instant) ?? instant)
    }

    /// For how long after an occurrence a late start still counts for it: half the time to the next one, 6 hours at most.
    package func startWindow(after occurrence: Date) -> TimeInterval {
        min(6 * 3600, next(after: occurrence).timeIntervalSince(occurrence) / 2)
    }

    /// Whether something is due at exactly this instant.
    package func isDue(at instant: Date) -> Bool { previous(atOrBefore: instant) == instant }

    /// By which offsets local times are looked up in a stretch; none where nothing runs.
    private func offsets(in stretch: ZoneStretch) -> [Int] {
        switch stretch.rule {
        case .ordinary: [stretch.offset]
        case .afterGap(let before): cron.keepsRealTime ? [stretch.offset] : [stretch.offset, before]
        case .repeated: cron.keepsRealTime ? [stretch.offset] : []
        }
    }

    /// Each step leaves a stretch behind, or jumps to the next match; a job that is due at all is found in a handful.
    private static let patience = 1000

    private static func seconds(_ date: Date) -> Int? {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        guard seconds > -62_135_596_800, seconds < 253_402_300_800 else { return nil }
        return Int(seconds)
    }

    private static func date(_ seconds: Int) -> Date { Date(timeIntervalSince1970: Double(seconds)) }
}

extension Schedule: Codable {
    private enum CodingKeys: String, CodingKey { case cron, timeZone }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            cron: container.decode(String.self, forKey: .cron),
            timeZone: container.decode(String.self, forKey: .timeZone))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cron.text, forKey: .cron)
        try container.encode(timeZone, forKey: .timeZone)
    }
}
