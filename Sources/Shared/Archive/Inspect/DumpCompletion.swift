/// Knows from the comments and `psql` commands between the statements of a dump whether its end is the true one.
///
/// `pg_dump` ends with `-- PostgreSQL database dump complete` as a comment of its own, `pg_dumpall` with
/// `-- PostgreSQL database cluster dump complete`. Since 15.14, 16.10 and 17.6 the whole stands between `\restrict KEY` and
/// `\unrestrict KEY`, the latter behind `pg_dump`'s completion line and before `pg_dumpall`'s.
package struct DumpCompletion: Sendable {
    package enum Line: String, Sendable {
        case database = "-- PostgreSQL database dump complete"
        case cluster = "-- PostgreSQL database cluster dump complete"
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

    /// A line that begins with a backslash, between statements; without the newline.
    mutating func command(_ text: [UInt8]) {
        let words = text.split(separator: UInt8(ascii: " "))
        if words.count == 2, words[0].elementsEqual(#"\restrict"#.utf8) {
            restriction = words[1]
            isComplete = false
        } else if words.count == 2, words[0].elementsEqual(#"\unrestrict"#.utf8), words[1] == restriction {
            restriction = nil
        } else {
            isComplete = false
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
