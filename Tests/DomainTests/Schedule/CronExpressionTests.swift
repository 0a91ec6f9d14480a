import Domain
import Foundation
import Testing

@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("* * * *", "5 fields"), ("0 0 * * * *", "found 6"), ("", "5 fields"),
        ("60 * * * *", "minute \"60\": expected 0 to 59"),
        ("* 24 * * *", "hour \"24\": expected 0 to 23"), ("* * 0 * *", "day of month \"0\": expected 1 to 31"),
        ("* * 32 * *", "day of month \"32\""), ("* * * 13 *", "month \"13\": expected 1 to 12 or jan to dec"),
        ("* * * foo *", "month \"foo\""), ("* * * * 8", "day of week \"8\": expected 0 to 7 or sun to sat"),
        ("* * * * monday", "day of week \"monday\""), ("*/0 * * * *", "a step of 1 to 59"),
        ("*/60 * * * *", "a step of 1 to 59"),
        ("*/ * * * *", "a step"), ("5/15 * * * *", "a range or *"), ("50-10 * * * *", "the smaller value first"),
        ("1,,2 * * * *", "each comma"), (", * * * *", "each comma"), ("-1 * * * *", "minute \"\""),
        ("1- * * * *", "minute \"\""),
        ("+1 * * * *", "minute \"+1\""), ("1.5 * * * *", "minute \"1.5\""), ("٣ * * * *", "minute \"٣\""),
        ("0 0 ? * *", "day of month \"?\""), ("0 0 L * *", "day of month \"L\""),
        ("0 0 * * 5#3", "day of week \"5#3\""),
        ("*5 * * * *", "minute \"*5\""), ("1-2-3 * * * *", "minute \"2-3\""), ("*/5/5 * * * *", "a step"),
        ("@reboot", "expected @hourly"), ("@every 5m", "expected @hourly"), ("@", "expected @hourly"),
        ("0 0 30 2 *", "never come together"), ("0 0 31 4,6,9,11 *", "never come together"),
        (String(repeating: "1,", count: 200) + "1 * * * *", "256 bytes"), ("0 0 \0 * *", "day of month"),
        ("18446744073709551616 * * * *", "expected 0 to 59"),
    ])
    func `a wrong expression is refused, with its field and what was expected`(text: String, says: String) throws {
        let error = try #require(throws: BackupError.self) { try CronExpression(text) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(says), "\(error.message)")
    }

    @Test(arguments: [
        "0,30 * * * *", "0 2 * * 0", "0 2 1 * *", "*/5 0-6,20-23 1-7 JAN-mar,Dec Mon-Fri", "\t0  2 * * 7 ", "@daily",
        "@Hourly", "@annually", "@midnight", "0 0 29 2 *", "0 0 30 2 1", "0 0 29 2 */7", "59 23 31 12 sat",
        "0 0 * * fri-sun",
    ])
    func `a right expression is taken and kept as written`(text: String) throws {
        #expect(try CronExpression(text).text == text)
    }
}
