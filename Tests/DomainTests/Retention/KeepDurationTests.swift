import Domain
import Foundation
import Testing

@Suite struct KeepDurationTests {
    @Test(arguments: [
        ("48h", "2026-01-31T12:30:00Z", "2026-02-02T12:30:00Z"),
        ("30d", "2026-01-15T02:00:00Z", "2026-02-14T02:00:00Z"),
        ("12w", "2026-01-01T00:00:00Z", "2026-03-26T00:00:00Z"),
        ("12mo", "2026-01-15T02:00:00Z", "2027-01-15T02:00:00Z"),
        ("1mo", "2026-01-31T23:59:59Z", "2026-02-28T23:59:59Z"),
        ("1mo", "2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("12mo", "2028-02-29T00:00:00Z", "2029-02-28T00:00:00Z"),
        ("11mo", "2026-02-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("25mo", "2026-12-31T00:00:00Z", "2029-01-31T00:00:00Z"),
    ])
    func `a duration ends where the calendar says`(text: String, start: String, end: String) throws {
        let keep = try KeepDuration(text)
        #expect(keep.text == text)
        #expect(Timestamp.text(keep.end(from: try #require(Timestamp.date(start)))) == end)
    }

    @Test(arguments: [
        ("", "character 1: expected a number"), ("d", "character 1"), ("30", "character 3: expected h"),
        ("30x", "character 3"), ("30 d", "character 3"), ("30D", "character 3"), ("30m", "character 3"),
        ("30dd", "character 3"),
        ("0d", "a number of 1 to 99999"), ("000h", "1 to 99999"), ("-1d", "character 1"), ("+1d", "character 1"),
        ("1.5d", "character 2"), ("100000d", "1 to 99999"), ("99999999999999999999d", "1 to 99999"),
        ("٣d", "character 1"),
        ("forever", "character 1"), (String(repeating: "9", count: 300), "1 to 99999"),
    ])
    func `a wrong duration is refused with position and expectation`(text: String, says: String) throws {
        let error = try #require(throws: BackupError.self) { try KeepDuration(text) }
        #expect(error.code == .configuration && error.message.contains(says), "\(error.message)")
        #expect(error.message.utf8.count < 200)
    }

    @Test func `counts below one and floors below one are refused`() {
        #expect(throws: BackupError.self) { try KeepDuration(0, .days) }
        #expect(throws: BackupError.self) { try KeepDuration(-5, .months) }
        #expect(throws: BackupError.self) { try RetentionPolicy(floor: 0) }
    }

    @Test func `a duration is written in JSON as its text`() throws {
        let json = try JSONEncoder().encode([KeepDuration("12mo")])
        #expect(String(decoding: json, as: UTF8.self) == #"["12mo"]"#)
        #expect(try JSONDecoder().decode([KeepDuration].self, from: json) == [KeepDuration(12, .months)])
    }
}
