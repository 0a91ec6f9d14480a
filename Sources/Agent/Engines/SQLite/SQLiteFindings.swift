/// What a check of SQLite's says of a file, told apart: damage to its pages, and rows that are not as its own schema wants them,
/// which a program may have written (`PRAGMA ignore_check_constraints`, a constraint of later) and which come back as they were.
///
/// The checks begin with the pages of all tables and indexes, and only then read rows (pragma.c), so that no number of notes
/// hides damage.
struct SQLiteFindings {
    private static let mostTold = 10

    /// SQLite's words; empty when the pages are whole.
    private(set) var damage: [String] = []
    private var rows: [String: Int] = [:]

    /// `unjudged` are the tables and indexes that depend on stand-ins. `isPartlyRead`: not all that pages belong to is known.
    mutating func take(_ finding: String, unjudged: Set<String>, isPartlyRead: Bool) {
        if finding == "ok" || (isPartlyRead && Self.isAboutUnusedPagesOnly(finding)) { return }
        guard let subject = Self.subject(finding, unjudged) else {
            if damage.count < 5 { damage.append(finding) }
            return
        }
        guard !unjudged.contains(where: { subject == $0 || subject.hasPrefix($0 + ".") }) else { return }
        // Each of them has a text of its own at most for each column.
        if rows.count < 1000 || rows[finding] != nil { rows[finding, default: 0] += 1 }
    }

    private static func isAboutUnusedPagesOnly(_ finding: String) -> Bool {
        finding.split(separator: "\n").allSatisfy { line in
            line.hasPrefix("*** in database ") || line.wholeMatch(of: /Page \d+(?: is|:) never used/) != nil
        }
    }

    /// Which table, column or index it is that rows are against; nil for everything else, which is damage.
    private static func subject(_ finding: String, _ unjudged: Set<String>) -> Substring? {
        let types = /(?:CHECK constraint failed|(?:non-)?(?:NULL|INT|INTEGER|REAL|TEXT|BLOB|NUMERIC) value) in (.+)/
        if let match = finding.wholeMatch(of: types) { return match.1 }
        if let match = finding.wholeMatch(of: /non-unique entry in index (.+)/) { return match.1 }
        // These can be damage, unless it is we who do not know the order.
        let order =
            /(?:row not in PRIMARY KEY order for |row \d+ (?:missing from|values differ from) index |wrong # of entries in index )(.+)/
        guard let match = finding.wholeMatch(of: order), unjudged.contains(String(match.1)) else { return nil }
        return match.1
    }

    /// In words, one for each kind.
    var notes: [String] {
        let told = rows.sorted { $0.key < $1.key }.prefix(Self.mostTold).map { text, count in
            count == 1 ? text : "\(text) (\(count) times)"
        }
        return rows.count > told.count ? told + ["\(rows.count - told.count) more of that kind"] : told
    }
}
