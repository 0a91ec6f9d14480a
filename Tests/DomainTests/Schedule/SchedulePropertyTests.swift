import Domain
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct SchedulePropertyTests {
    static let zones = [
        "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago",
        "Asia/Kathmandu", "Pacific/Chatham", "America/Havana", "Asia/Beirut",
    ]
    let start = Date(timeIntervalSince1970: 1_735_689_600)  // 2025-01-01

    /// The local day of an instant, as a number, and its minute of the day.
    private func local(_ instant: Date, _ zone: TimeZone) -> (day: Int, minute: Int) {
        let seconds = Int(instant.timeIntervalSince1970) + zone.secondsFromGMT(for: instant)
        return (seconds / 86_400, seconds % 86_400 / 60)
    }

    @Test(arguments: zones, [0, 30, 61, 90, 120, 135, 150, 165, 179, 719, 1410, 1439])
    func `a daily job runs exactly once on each local day over three years`(name: String, minute: Int) throws {
        let zone = try #require(TimeZone(identifier: name))
        let schedule = try Schedule(cron: "\(minute % 60) \(minute / 60) * * *", timeZone: name)
        var instant = schedule.next(after: start)
        var day = local(instant, zone).day
        var shifted = 0
        var wrong: [String] = []
        for _ in 0..<1096 {
            let next = schedule.next(after: instant)
            if local(next, zone).day != day + 1 || schedule.previous(atOrBefore: next - 1) != instant {
                wrong.append(Timestamp.text(next))
            }
            if local(next, zone).minute != minute { shifted += 1 }
            (instant, day) = (next, day + 1)
        }
        #expect(wrong.isEmpty)
        #expect(shifted <= 6, "only a gap shifts a job, and a zone has at most two a year")
    }

    @Test(arguments: zones)
    func `next is later, previous comes back, and nothing lies between`(name: String) throws {
        var random = SplitMix(seed: 7)
        for _ in 0..<150 {
            let schedule = try Schedule(cron: random.cron(), timeZone: name)
            for _ in 0..<20 {
                let instant = start + Double(Int.random(in: 0..<100_000_000, using: &random)) / 3
                let next = schedule.next(after: instant)
                #expect(next > instant)
                #expect(schedule.previous(atOrBefore: next) == next)
                #expect(schedule.next(after: next - 1) == next)
                let between = instant + next.timeIntervalSince(instant) * Double.random(in: 0..<1, using: &random)
                #expect(schedule.next(after: between) == next, "\(schedule.cron) at \(Timestamp.text(instant))")
                if let previous = schedule.previous(atOrBefore: instant) {
                    #expect(previous <= instant && schedule.next(after: previous) == next)
                }
            }
        }
    }

    @Test func `in UTC it agrees with a walk from minute to minute`() throws {
        var random = SplitMix(seed: 11)
        for _ in 0..<60 {
            let text = random.cron()
            let schedule = try Schedule(cron: text)
            let plain = PlainCron(text)
            var instant = start + Double(Int.random(in: 0..<1500, using: &random)) * 86_400
            let end = instant + 40 * 86_400
            var walked: [Date] = []
            var minute = instant + 60
            while minute <= end {
                if plain.matches(minute) { walked.append(minute) }
                minute += 60
            }
            var found: [Date] = []
            instant = schedule.next(after: instant)
            while instant <= end {
                found.append(instant)
                instant = schedule.next(after: instant)
            }
            #expect(found == walked, "\(text)")
        }
    }

    @Test(arguments: zones)
    func `in a zone it agrees with a walk from minute to minute by the rules of DST`(name: String) throws {
        let zone = try #require(TimeZone(identifier: name))
        var random = SplitMix(seed: 13)
        let changes = changes(of: zone)
        for change in changes {
            for _ in 0..<6 {
                let text = random.denseCron()
                let schedule = try Schedule(cron: text, timeZone: name)
                let plain = PlainCron(text)
                let begin = change - 86_400 * 2
                var walked: [Date] = []
                var minute = begin + 60
                while minute <= change + 86_400 * 2 {
                    if isDue(plain, minute, zone, change, keepsRealTime: text.split(separator: " ")[1].hasPrefix("*")) {
                        walked.append(minute)
                    }
                    minute += 60
                }
                var found: [Date] = []
                var instant = schedule.next(after: begin)
                while instant <= change + 86_400 * 2 {
                    found.append(instant)
                    instant = schedule.next(after: instant)
                }
                #expect(found == walked, "\(text) around \(Timestamp.text(change))")
            }
        }
    }

    private func changes(of zone: TimeZone) -> [Date] {
        stride(from: 0, to: 3 * 366 * 24 * 60, by: 30).compactMap { minutes in
            let at = start + Double(minutes * 60)
            return zone.secondsFromGMT(for: at - 1) == zone.secondsFromGMT(for: at) ? nil : at
        }
    }

    private func isDue(_ plain: PlainCron, _ at: Date, _ zone: TimeZone, _ change: Date, keepsRealTime: Bool) -> Bool {
        let (before, now) = (zone.secondsFromGMT(for: change - 1), zone.secondsFromGMT(for: at))
        let here = plain.matches(at + Double(now))
        guard !keepsRealTime, at >= change, at < change + Double(abs(now - before)) else { return here }
        return now > before ? here || plain.matches(at + Double(before)) : false
    }

    @Test func `tiers that fall due together make one occurrence, named after the highest`() throws {
        let tiers: [(tier: Tier, schedule: Schedule)] = [
            (.hourly, try Schedule(cron: "0,30 * * * *")), (.daily, try Schedule(cron: "0 2 * * *")),
            (.weekly, try Schedule(cron: "0 2 * * 0")), (.monthly, try Schedule(cron: "0 2 1 * *")),
        ]
        let newYear = try #require(Timestamp.date("2026-01-31T23:00:00Z"))
        var instant = newYear
        var seen: [String: Set<Tier>] = [:]
        for _ in 0..<8 {
            let occurrence = try #require(Occurrence.next(of: tiers, after: instant))
            #expect(Occurrence.previous(of: tiers, atOrBefore: occurrence.nominal + 1) == occurrence)
            seen[Timestamp.text(occurrence.nominal)] = occurrence.tiers
            instant = occurrence.nominal
        }
        #expect(seen["2026-02-01T01:30:00Z"] == [.hourly])
        #expect(seen["2026-02-01T02:00:00Z"] == [.hourly, .daily, .weekly, .monthly], "1 February 2026 is a Sunday")
        #expect(Occurrence.previous(of: tiers, atOrBefore: newYear + 3 * 3600)?.highest == .monthly)
        #expect(Occurrence.next(of: [], after: newYear) == nil)
    }
}
