import Domain
import Testing

@Suite struct SpanTextTests {
    @Test(
        arguments: [
            (-1, "0 s"), (0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (89, "1 min"), (90, "2 min"), (3569, "59 min"),
            (3570, "1 h"), (5399, "1 h"), (5400, "2 h"), (47.4 * 3600, "47 h"), (47.5 * 3600, "2 days"),
            (5.4 * 86_400, "5 days"), (5.6 * 86_400, "6 days"), (3_650 * 86_400, "3650 days"),
        ] as [(Double, String)])
    func aSpanIsOneUnitRoundedToTheNearest(seconds: Double, text: String) { #expect(SpanText.of(seconds) == text) }
}
