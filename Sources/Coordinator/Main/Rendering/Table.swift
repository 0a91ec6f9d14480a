/// A table for people: aligned columns, two blanks between them, fitted to the terminal.
struct Table: Sendable {
    struct Column: Sendable {
        let title: String
        var isNumber = false
        /// May be cut to fit; the others never are.
        var shrinks = false
        /// On a narrow terminal it is left out before anything is cut short: the highest first, 0 never.
        var dispensable = 0
    }

    struct Cell: Sendable {
        let text: SafeText
        let tint: Tint?

        init(_ text: String, _ tint: Tint? = nil) {
            self.text = SafeText(text)
            self.tint = tint
        }
    }

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Missing cells at the end are empty.
    mutating func add(_ cells: [Cell]) {
        rows.append(cells + Array(repeating: Cell(""), count: max(0, columns.count - cells.count)))
    }

    private static let gap = 2
    private static let narrowest = 8
    /// What a column that may be cut keeps while there are others to leave out.
    private static let comfortable = 20

    /// The heading and the rows. Columns that hold nothing are left out.
    func lines(_ look: Look) -> [String] {
        let filled = columns.indices.filter { column in rows.contains { !$0[column].text.text.isEmpty } }
        let shown = indispensable(of: filled, in: look.width)
        let widths = widths(of: shown, fitting: look.width)
        let heading = shown.map { Cell(columns[$0].title, .faint) }
        return ([heading] + rows.map { row in shown.map { row[$0] } }).map { cells in
            line(cells, shown: shown, widths: widths, look)
        }
    }

    private func line(_ cells: [Cell], shown: [Int], widths: [Int], _ look: Look) -> String {
        var line = ""
        for (position, cell) in cells.enumerated() {
            let text = columns[shown[position]].shrinks ? cell.text.cut(to: widths[position]) : cell.text
            let padding = String(repeating: " ", count: max(0, widths[position] - text.width))
            let isLast = position == cells.count - 1
            let tinted = look.tinted(text.text, cell.tint)
            line += columns[shown[position]].isNumber ? padding + tinted : tinted + (isLast ? "" : padding)
            if !isLast { line += String(repeating: " ", count: Self.gap) }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    private func indispensable(of filled: [Int], in room: Int?) -> [Int] {
        guard let room else { return filled }
        var shown = filled
        while true {
            let needed = shown.reduce(Self.gap * (shown.count - 1)) { sum, column in
                sum + (columns[column].shrinks ? min(natural(column), Self.comfortable) : natural(column))
            }
            let candidates = shown.filter { columns[$0].dispensable > 0 }
            guard needed > room, let least = candidates.max(by: { columns[$0].dispensable < columns[$1].dispensable })
            else { return shown }
            shown.removeAll { $0 == least }
        }
    }

    private func natural(_ column: Int) -> Int {
        rows.reduce(SafeText(columns[column].title).width) { max($0, $1[column].text.width) }
    }

    private func widths(of shown: [Int], fitting room: Int?) -> [Int] {
        var widths = shown.map(natural)
        guard let room else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * max(0, widths.count - 1) - room
        while excess > 0 {
            // The widest gives first, so that a long error text does not squeeze the names.
            let candidates = widths.indices.filter { columns[shown[$0]].shrinks && widths[$0] > Self.narrowest }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}
