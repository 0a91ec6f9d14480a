import Domain
import Testing

@Suite struct PaceTests {
    @Test func rateAndTimeLeftAreOfTheLastSeconds() {
        var pace = Pace()
        pace.take(0, at: 0)
        #expect(pace.rate.isEmpty && pace.left(of: 100).isEmpty, "nothing is known yet")
        for second in 1...30 { pace.take(Int64(second) * 1_000_000, at: Double(second)) }
        #expect(pace.rate == "1.0 MB/s" && pace.left(of: 95_000_000) == "1:05 left")
        #expect(pace.left(of: nil).isEmpty && pace.left(of: 30_000_000).isEmpty && pace.left(of: 10).isEmpty)
        // It became faster.
        for second in 31...45 { pace.take(30_000_000 + Int64(second - 30) * 10_000_000, at: Double(second)) }
        #expect(pace.rate == "10.0 MB/s")
        // Another attempt began.
        pace.take(5, at: 46)
        #expect(pace.rate.isEmpty)
    }

    @Test func percentIsOfASizeThatIsKnownAndHolds() {
        #expect(Pace.amount(1_200_000_000, of: 3_000_000_000) == "1.2 GB of 3.0 GB (40 %)")
        #expect(Pace.amount(7, of: nil) == "7 B" && Pace.amount(7, of: 0) == "7 B" && Pace.amount(7, of: 6) == "7 B")
        #expect(Pace.amount(.max, of: .max).hasSuffix("(100 %)"))
    }
}
