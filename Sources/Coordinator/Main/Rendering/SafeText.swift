/// Text from outside, made fit for a terminal: what would move the cursor, change colours, or turn the writing direction
/// around is written as an escape instead.
struct SafeText: Sendable, Equatable {
    let text: String

    init(_ raw: String) {
        guard raw.unicodeScalars.contains(where: Self.isHarmful) else {
            text = raw
            return
        }
        var safe = ""
        for scalar in raw.unicodeScalars {
            if Self.isHarmful(scalar) {
                safe += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        text = safe
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Controls (ESC, BEL, CR, LF …), directions and zero-width marks, line separators, and what has no glyph.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// How many columns of a terminal it takes.
    var width: Int { text.reduce(0) { $0 + Self.width(of: $1) } }

    /// At most `columns` wide, ending in `…` when something was cut.
    func cut(to columns: Int) -> SafeText {
        guard columns > 0 else { return SafeText("") }
        guard width > columns else { return self }
        var kept = ""
        var room = columns - 1
        for character in text {
            let width = Self.width(of: character)
            guard width <= room else { break }
            kept.append(character)
            room -= width
        }
        return SafeText(kept + "…")
    }

    /// In lines of at most `columns`, broken between words; at most `lines` of them, the last ending in `…` when there is more.
    func wrapped(to columns: Int, lines: Int) -> [SafeText] {
        guard width > columns else { return [self] }
        var wrapped: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let longer = line.isEmpty ? String(word) : "\(line) \(word)"
            if SafeText(longer).width <= columns || line.isEmpty {
                line = longer
            } else {
                wrapped.append(line)
                line = String(word)
            }
        }
        wrapped.append(line)
        guard wrapped.count > lines else { return wrapped.map { SafeText($0).cut(to: columns) } }
        let last = wrapped[(lines - 1)...].joined(separator: " ")
        return (wrapped.prefix(lines - 1) + [last]).map { SafeText($0).cut(to: columns) }
    }

    static func width(of character: Character) -> Int {
        character.unicodeScalars.reduce(0) { widest, scalar in max(widest, width(of: scalar)) }
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20..<0x300: 1
        // Unicode's "wide" blocks (East Asian scripts and emoji), which terminals draw over two columns.
        case 0x1100...0x115F, 0x231A...0x231B, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
            0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            2
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: 0
            default: 1
            }
        }
    }
}
