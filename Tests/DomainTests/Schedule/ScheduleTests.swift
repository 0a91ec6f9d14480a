import Domain
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2))) struct ScheduleTests {
    /// Zone, expression, instant, and the occurrences that follow it.
    static let rows: [(String, String, String, [String])] = [
        ("UTC", "0,30 * * * *", "2026-01-15T02:00:00Z", ["2026-01-15T02:30:00Z", "2026-01-15T03:00:00Z"]),
        ("UTC", "0,30 * * * *", "2026-01-15T01:59:59.999Z", ["2026-01-15T02:00:00Z"]),
        ("UTC", "0 2 * * *", "2025-12-31T02:00:00Z", ["2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z"]),
        ("UTC", "0 2 * * 0", "2026-01-15T00:00:00Z", ["2026-01-18T02:00:00Z", "2026-01-25T02:00:00Z"]),
        ("UTC", "0 2 * * 7", "2026-01-15T00:00:00Z", ["2026-01-18T02:00:00Z"]),
        ("UTC", "0 2 1 * *", "2026-01-15T00:00:00Z", ["2026-02-01T02:00:00Z", "2026-03-01T02:00:00Z"]),
        ("UTC", "0 0 31 * *", "2026-01-31T00:00:00Z", ["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]),
        ("UTC", "0 0 29 2 *", "2024-02-29T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("UTC", "0 0 29 2 *", "2096-02-29T00:00:00Z", ["2104-02-29T00:00:00Z"]),
        ("UTC", "0 0 13 * 5", "2026-02-01T00:00:00Z", ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z"]),
        ("UTC", "0 0 1,15 * 3", "2026-04-01T00:00:00Z", ["2026-04-08T00:00:00Z", "2026-04-15T00:00:00Z"]),
        ("UTC", "0 0 */2 * 1", "2026-01-01T00:00:00Z", ["2026-01-05T00:00:00Z", "2026-01-19T00:00:00Z"]),
        ("UTC", "0 0 29 2 */7", "2026-01-01T00:00:00Z", ["2032-02-29T00:00:00Z", "2060-02-29T00:00:00Z"]),
        ("UTC", "59 23 31 12 *", "2026-06-01T00:00:00Z", ["2026-12-31T23:59:00Z"]),
        ("UTC", "@weekly", "2026-01-15T00:00:00Z", ["2026-01-18T00:00:00Z"]),
        ("UTC", "@yearly", "2026-01-15T00:00:00Z", ["2027-01-01T00:00:00Z"]),
        ("UTC", "10-30/10 8 * jan mon-wed", "2026-01-14T08:20:00Z", ["2026-01-14T08:30:00Z", "2026-01-19T08:10:00Z"]),
        // Berlin: 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00.
        ("Europe/Berlin", "0 2 * * *", "2026-03-28T01:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]),
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T01:30:00Z", ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]),
        (
            "Europe/Berlin", "15,45 2,3 * * *", "2026-03-28T12:00:00Z",
            ["2026-03-29T01:15:00Z", "2026-03-29T01:45:00Z", "2026-03-30T00:15:00Z"]
        ),
        ("Europe/Berlin", "45 2,3 29 3 *", "2026-03-28T12:00:00Z", ["2026-03-29T01:45:00Z", "2027-03-29T00:45:00Z"]),
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T00:30:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("Europe/Berlin", "0 3 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"]),
        ("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:30:00Z", ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]),
        (
            "Europe/Berlin", "*/30 * * * *", "2026-10-25T00:30:00Z",
            ["2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"]
        ),
        (
            "Europe/Berlin", "*/30 2 * * *", "2026-10-24T12:00:00Z",
            ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"]
        ),
        ("Europe/Berlin", "@monthly", "2026-03-01T00:00:00Z", ["2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z"]),
        ("Europe/Berlin", "0 0 1 1,7 *", "2026-02-01T00:00:00Z", ["2026-06-30T22:00:00Z", "2026-12-31T23:00:00Z"]),
        // New York: 2026-03-08 02:00 becomes 03:00; 2026-11-01 02:00 becomes 01:00.
        ("America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", ["2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"]),
        ("America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
        ("America/New_York", "0 * * * *", "2026-11-01T05:00:00Z", ["2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"]),
        ("America/New_York", "0 2 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T07:00:00Z"]),
        // Lord Howe: 2026-10-04 02:00 becomes 02:30; 2026-04-05 02:00 becomes 01:30.
        (
            "Australia/Lord_Howe", "15 2 * * *", "2026-10-02T20:00:00Z",
            ["2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z"]
        ),
        (
            "Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z",
            ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"]
        ),
        (
            "Australia/Lord_Howe", "*/30 * * * *", "2026-04-04T14:30:00Z",
            ["2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"]
        ),
        // Samoa left out 2011-12-30. Its job coincides with that of the next day, at the shifted instant.
        ("Pacific/Apia", "0 12 * * *", "2011-12-29T23:00:00Z", ["2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"]),
        // Havana goes back from 01:00 to 00:00.
        ("America/Havana", "30 0 * * *", "2026-10-31T12:00:00Z", ["2026-11-01T04:30:00Z", "2026-11-02T05:30:00Z"]),
    ]

    @Test(arguments: rows)
    func `occurrences follow each other`(zone: String, cron: String, after: String, expected: [String]) throws {
        let schedule = try Schedule(cron: cron, timeZone: zone)
        var instant = try #require(Timestamp.date(after))
        for text in expected {
            let next = schedule.next(after: instant)
            #expect(Timestamp.text(next) == text, "\(cron) in \(zone)")
            #expect(schedule.previous(atOrBefore: next) == next)
            #expect(schedule.isDue(at: next) && !schedule.isDue(at: next + 1))
            #expect(schedule.previous(atOrBefore: next + 59) == next)
            instant = next
        }
    }

    @Test(arguments: [
        "Mars/Olympus", "", "europe/berlin", "CEST", "PST", "GMT+3", "UTC+1", "+02:00", "Europe/Berlin ",
        "../../etc/passwd",
        String(repeating: "A/", count: 200),
    ])
    func `a zone that is none is refused`(zone: String) throws {
        let error = try #require(throws: BackupError.self) { try Schedule(cron: "@daily", timeZone: zone) }
        #expect(error.code == .configuration && error.message.contains("IANA"))
        #expect(error.message.utf8.count < 300)
    }

    @Test func `intervals and start windows follow from the neighbours`() throws {
        let hourly = try Schedule(cron: "0,30 * * * *")
        let daily = try Schedule(cron: "0 2 * * *", timeZone: "Europe/Berlin")
        let noon = try #require(Timestamp.date("2026-03-28T12:10:00Z"))
        #expect(hourly.interval(around: noon) == 1800)
        #expect(hourly.startWindow(after: noon - 600) == 900)
        #expect(daily.interval(around: noon) == 24 * 3600)
        #expect(daily.interval(around: noon + 86_400) == 23 * 3600)
        #expect(daily.startWindow(after: noon) == 6 * 3600)
        #expect(daily.startWindow(after: daily.next(after: noon)) == 6 * 3600)
    }

    @Test func `times beyond the calendar are answered, not trapped on`() throws {
        let schedule = try Schedule(cron: "0 2 * * *", timeZone: "America/New_York")
        for date in [
            Date.distantFuture, .distantPast, Date(timeIntervalSince1970: 1e300), Date(timeIntervalSince1970: -1e300),
            Date(timeIntervalSince1970: .infinity), Date(timeIntervalSince1970: .nan),
        ] {
            _ = schedule.next(after: date)
            _ = schedule.previous(atOrBefore: date)
        }
        #expect(schedule.next(after: Date(timeIntervalSince1970: 1e300)) == .distantFuture)
        #expect(schedule.previous(atOrBefore: Date(timeIntervalSince1970: .nan)) == nil)
    }

    @Test func `a schedule is written and read as its two texts, and a wrong one is not read`() throws {
        let schedule = try Schedule(cron: "0 2 * * sun", timeZone: "Europe/Berlin")
        let json = try JSONEncoder().encode(schedule)
        #expect(try JSONDecoder().decode(Schedule.self, from: json) == schedule)
        #expect(throws: BackupError.self) {
            try JSONDecoder().decode(Schedule.self, from: Data(#"{"cron":"0 25 * * *","timeZone":"UTC"}"#.utf8))
        }
    }
}
