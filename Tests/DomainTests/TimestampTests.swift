import Domain
import Foundation
import Testing

struct TimestampTests {
    /// What is written, read and written again (report, catalog, manifest) must be the same, or a whole backup would look
    /// changed.
    @Test(arguments: [1_795_394_946, 0, -1, -86_400, 4_102_444_799]) func everyMillisecondIsKept(second: Int) throws {
        for millisecond in 0..<1000 {
            let text = Timestamp.text(Date(timeIntervalSince1970: Double(second * 1000 + millisecond) / 1000))
            let whole = Timestamp.text(Date(timeIntervalSince1970: Double(second))).dropLast()
            #expect(text == whole + (millisecond == 0 ? "Z" : ".\(String(millisecond + 1000).dropFirst())Z"))
            let date = try #require(Timestamp.date(text))
            #expect(Timestamp.text(date) == text)
        }
    }

    @Test func aTimeOfAnyPrecisionSettlesWhenItIsWritten() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let date = Date(timeIntervalSince1970: Double.random(in: 0..<4e9, using: &random))
            let once = try #require(Timestamp.date(Timestamp.text(date)))
            #expect(abs(once.timeIntervalSince(date)) < 0.0006)
            #expect(try #require(Timestamp.date(Timestamp.text(once))) == once)
        }
    }

    @Test func itIsRFC3339() {
        #expect(Timestamp.text(Date(timeIntervalSince1970: 1_768_442_400)) == "2026-01-15T02:00:00Z")
        #expect(Timestamp.text(Date(timeIntervalSince1970: 1_768_442_399.9996)) == "2026-01-15T02:00:00Z")
        #expect(Timestamp.text(Date(timeIntervalSince1970: 1_768_442_400.007)) == "2026-01-15T02:00:00.007Z")
    }
}
