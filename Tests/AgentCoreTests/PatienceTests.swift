import Testing

@testable import AgentCore

@Suite struct PatienceTests {
    /// What is said at each of these seconds, when so many bytes have moved by then.
    private func verdicts(fromFirstByte: Bool, _ seen: [(bytes: Int64, at: Int)]) -> [Bool] {
        let start = ContinuousClock.now
        var patience = Patience(fromFirstByte: fromFirstByte, now: start)
        return seen.map { patience.isOver(moved: $0.bytes, now: start + .seconds($0.at)) }
    }

    @Test func aDumpThatMovesNothingForAnHourIsGivenUp() {
        let said = verdicts(fromFirstByte: false, [(0, 3600), (0, 3601), (5, 3602), (5, 7200), (5, 7203)])
        #expect(said == [false, true, false, false, true])
    }

    @Test func anEngineThatCopiesFirstIsWaitedForForTwelveHoursAndThenForOne() {
        let said = verdicts(fromFirstByte: true, [(0, 20_000), (1, 30_000), (1, 33_600), (1, 33_601)])
        #expect(said == [false, false, false, true])
        #expect(verdicts(fromFirstByte: true, [(0, 43_200), (0, 43_201)]) == [false, true])
    }
}
