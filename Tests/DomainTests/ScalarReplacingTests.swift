import Domain
import Testing

@Suite struct ScalarReplacingTests {
    /// An accent, a variation selector, a joiner and a line feed make one character of a quote, or of a CR, and themselves.
    @Test(arguments: ["\u{301}", "\u{fe0f}", "\u{200d}", "", "x"])
    func whatStandsBehindItHidesNothing(_ behind: String) {
        for scalar in ["'", "\"", "\\", "\n"] as [Unicode.Scalar] {
            let text = "a\(scalar)\(behind)\(scalar)b"
            #expect(Array(text.replacing(scalar: scalar, with: "<>").utf8) == Array("a<>\(behind)<>b".utf8))
        }
        #expect(Array("\r\n".replacing(scalar: "\n", with: "n").utf8) == Array("\rn".utf8))
        #expect("nothing".replacing(scalar: "'", with: "''") == "nothing")
    }
}
