/// Knows from the comments and `psql` commands between the statements of a dump whether its end is the true one.
///
/// `pg_dump` ends with `-- PostgreSQL database dump complete` as a comment of its own, `pg_dumpall` with
/// `-- PostgreSQL database cluster dump complete`. Since 15.14, 16.10 and 17.6 the whole stands between `\restrict KEY` and
/// `\unrestrict KEY`, the latter behind `pg_dump`'s completion line and before `pg_dumpall`'s.
package struct DumpCompletion: Sendable {
    package enum Line: String, Sendable {
        case database = "-- PostgreSQL database dump complete"
        case cluster = "-- PostgreSQL database cluster dump complete"
        /// What an agent writes itself, of a database (``DatabaseProperties``).
        case properties = "-- Holdfast: database properties complete"
    }

    /// Longer comments need not be kept to be told apart from the completion line.
    static let longestComment = Line.cluster.rawValue.utf8.count + 1

    private let line: [UInt8]
    private var isComplete = false
    private var wasComplete = false
    private var restriction: ArraySlice<UInt8>?

    init(expecting line: Line) { self.line = [UInt8](line.rawValue.utf8) }

    /// A `--` comment between statements that begins its line; without the newline, cut at ``longestComment`` bytes.
    mutating func comment(_ text: [UInt8]) {
        if text == line { (isComplete, wasComplete) = (true, true) }
    }

    /// Longer lines are none of pg_dump's.
    static let longestCommand = 256

    /// A line that begins with a backslash, between statements; without the newline, cut at ``longestCommand`` bytes. Says
    /// what it is when pg_dump does not write such a line there.
    mutating func command(_ text: [UInt8]) -> String? {
        let words = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let key = words.count == 2 ? words[1] : []
        if words.first?.elementsEqual(#"\restrict"#.utf8) == true, restriction == nil, Self.isKey(key) {
            restriction = key
            isComplete = false
            return nil
        }
        if words.first?.elementsEqual(#"\unrestrict"#.utf8) == true, let known = restriction, known == key {
            restriction = nil
            return nil
        }
        let shown = String(
            decoding: text.prefix(40).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
        return "a command of psql's own that pg_dump does not write, \(shown)"
    }

    private static func isKey(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty
            && text.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: false
                }
            }
    }

    /// A statement: whatever stood before it was not the end.
    mutating func statement() { isComplete = false }

    /// Nil when the dump ends as it must.
    var reasonIncomplete: String? {
        if !isComplete { return wasComplete ? "its end is followed by more" : "its completion line is missing" }
        return restriction == nil ? nil : #"its last line, "\unrestrict", is missing"#
    }
}
