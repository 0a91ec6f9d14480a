import Foundation

/// `docs/PROMISES.md` names the tests that hold each promise: what it names must exist.
struct PromiseTable {
    let text: String

    /// `Suite.test` between backticks, in order.
    var named: [(suite: String, test: String)] {
        text.matches(of: /`([A-Z][A-Za-z0-9]+)\.([a-z][A-Za-z0-9]+)`/).map {
            (String($0.output.1), String($0.output.2))
        }
    }

    /// Promises without a test, and tests that no file has.
    func violations(in tests: [TextFile]) -> [String] {
        var found: [String] = []
        for number in 1...12 {
            let parts = text.components(separatedBy: "## P\(number). ")
            let section = parts.count == 2 ? parts[1].components(separatedBy: "\n## ")[0] : ""
            if PromiseTable(text: section).named.isEmpty { found.append("P\(number) is held by no test") }
        }
        for (suite, test) in named {
            let isThere = tests.contains {
                $0.text.contains("struct \(suite)") && $0.text.contains(" func \(test)(")
            }
            if !isThere { found.append("docs/PROMISES.md names \(suite).\(test), which is no test") }
        }
        return found
    }
}
