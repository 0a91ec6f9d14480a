import Domain
import Foundation
import Testing

@testable import holdfast

@Suite struct QuantityTests {
    @Test(
        arguments: [
            (0, "0 B"), (512, "512 B"), (999, "999 B"), (1000, "1.0 kB"), (1_500_000_000, "1.5 GB"),
            (536_759_028, "537 MB"),
            (99_940_000, "99.9 MB"), (99_960_000, "100 MB"), (999_400, "999 kB"), (999_600, "1.0 MB"),
            (Int64.max, "9.2 EB"),
        ] as [(Int64, String)])
    func sizesAreShort(bytes: Int64, text: String) { #expect(Quantity.size(bytes) == text) }

    @Test(
        arguments: [
            (0, "just now"), (-3, "just now"), (45, "45 s ago"), (185, "3 min ago"), (3600, "1 h ago"),
            (47 * 3600, "47 h ago"),
            (48 * 3600, "2 days ago"), (-1500, "in 25 min"), (-5.6 * 86400, "in 6 days"), (100 * 86400, "2025-10-07"),
        ] as [(Double, String)])
    func agesAreWords(seconds: Double, text: String) {
        #expect(Quantity.age(Sample.ago(seconds), now: Sample.now) == text)
    }

    @Test(
        arguments: [
            ("2026-01-15T02:00:00+02:00", "2026-01-15T00:00:00Z"), ("2026-01-14", "2026-01-14T00:00:00Z"),
            ("2026-01-14 14:30", "2026-01-14T14:30:00Z"), ("2026-01-14T14:30:07Z", "2026-01-14T14:30:07Z"),
            ("14:30", "2026-01-15T14:30:00Z"), ("yesterday 14:30", "2026-01-14T14:30:00Z"),
            ("yesterday", "2026-01-14T00:00:00Z"), ("2h", "2026-01-15T00:00:00Z"), ("3d", "2026-01-12T02:00:00Z"),
        ])
    func timesAreSaidAsPeopleDo(text: String, time: String) {
        #expect(TimeArgument(text, now: Sample.now).map { Timestamp.text($0.time) } == time)
    }

    @Test(arguments: ["", " ", "tomorrow", "25:00", "2026-13-01", "2026-01-15 24:61", "0h", "-2h", "14:3"])
    func whatIsNoTimeIsRefused(text: String) { #expect(TimeArgument(text, now: Sample.now) == nil) }

    @Test func neverIsAWordToo() { #expect(Quantity.age(nil, now: Sample.now) == "never") }

    @Test(
        arguments: [(0, "0:00"), (12.9, "0:12"), (185, "3:05"), (3729, "1:02:09"), (-1, "0:00")] as [(Double, String)])
    func elapsedTimeIsAClock(seconds: Double, text: String) { #expect(Quantity.clock(seconds) == text) }

    @Test func rateNeedsTime() {
        #expect(Quantity.rate(1000, over: 0) == "")
        #expect(Quantity.rate(310_000_000, over: 1) == "310 MB/s")
    }
}
