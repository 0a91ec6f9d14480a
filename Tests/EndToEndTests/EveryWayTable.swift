import Foundation

/// One way through which a backup is taken, in the order of the table's columns.
enum Way: String, CaseIterable {
    case backup, verify, beside, replacing
    case otherHost = "other host"
    case agentRestore = "agent restore"
    case stockLine = "stock line"
}

/// What came of one way of one row.
enum Cell: Sendable, Equatable {
    /// As the source was.
    case equal
    /// Of backup and verification, which have nothing to compare.
    case good(String)
    /// Less than the source was, and the product itself said what.
    case told(String)
    case refused(String)
    /// There is no backup to take that way.
    case notTaken
    /// Exit 0 and not equal, or less and nothing said.
    case bad(String)

    var isBad: Bool { if case .bad = self { true } else { false } }
    var isRefused: Bool { if case .refused = self { true } else { false } }

    func words(atMost limit: Int) -> String {
        let words =
            switch self {
            case .equal: "equal"
            case .good(let words): words
            case .told(let what): "told: \(what)"
            case .refused(let reason): "refused: \(reason)"
            case .notTaken: "no backup"
            case .bad(let what): "GOOD, THEN FAILS: \(what)"
            }
        let line = words.replacing("\n", with: " ").replacing("|", with: "/")
        return line.count > limit ? line.prefix(limit - 1) + "…" : line
    }
}

/// Rows and what came of each way.
struct EveryWayTable {
    private(set) var rows: [(name: String, format: String, cells: [Way: Cell])] = []

    mutating func add(_ name: String, _ format: String, _ cells: [Way: Cell]) { rows.append((name, format, cells)) }

    /// A line for each row.
    func text(cell limit: Int) -> String {
        let head = ["row", "format"] + Way.allCases.map(\.rawValue)
        let lines = rows.map { row in
            [row.name, row.format] + Way.allCases.map { (row.cells[$0] ?? .notTaken).words(atMost: limit) }
        }
        return ([head, head.map { _ in "---" }] + lines).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// Each with its row and its way.
    func cells(that fits: (Cell) -> Bool) -> [String] {
        rows.flatMap { row in
            Way.allCases.compactMap { way in
                guard let cell = row.cells[way], fits(cell) else { return nil }
                return "\(row.name) (\(row.format)), \(way.rawValue): \(cell.words(atMost: 2000))"
            }
        }
    }
}
