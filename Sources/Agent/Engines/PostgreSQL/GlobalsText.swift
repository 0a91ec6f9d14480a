/// What `pg_dumpall --globals-only` writes: comments and psql's own commands, a line each, and statements, which may have line
/// breaks within their quotes. Names are quoted where they must be.
enum GlobalsText {
    /// The text without the statements that make or change these roles, or give them membership in others; and how many of
    /// them it would have made. A statement goes whole or not at all: in a setting or a comment of a role stands whatever its
    /// owner wrote, and a part of it would run as SQL.
    static func text(_ text: [UInt8], withoutRoles roles: [String]) -> (kept: [UInt8], left: Int) {
        let names = Set(roles.flatMap { [Array($0.utf8), Array(SQLText.identifier($0).utf8)] })
        var (kept, left) = ([UInt8](), 0)
        var rest = text[...]
        while !rest.isEmpty {
            let piece = rest.prefix(lengthOfPiece(rest))
            rest = rest.dropFirst(piece.count)
            guard let role = subject(of: piece), names.contains(role) else {
                kept += piece
                continue
            }
            if piece.starts(with: "CREATE ROLE ".utf8) { left += 1 }
        }
        return (kept, left)
    }

    /// Of the line or the statement that the text begins with, its line break included. A quote counts by toggling, also in
    /// E'' strings: pg_dumpall doubles both quotes and backslashes.
    private static func lengthOfPiece(_ text: ArraySlice<UInt8>) -> Int {
        let isStatement = !text.starts(with: "--".utf8) && text.first != UInt8(ascii: "\\") && text.first != newline
        var quote: UInt8?
        var last = newline
        for (position, byte) in text.enumerated() {
            switch byte {
            case newline where !isStatement || (quote == nil && last == UInt8(ascii: ";")): return position + 1
            case quote where isStatement: quote = nil
            case UInt8(ascii: "'") where quote == nil, UInt8(ascii: "\"") where quote == nil: quote = byte
            default: break
            }
            last = byte
        }
        return text.count
    }

    private static let newline = UInt8(ascii: "\n")

    /// The role that a statement is about, as it is written there; nil for one about something else.
    private static func subject(of statement: ArraySlice<UInt8>) -> [UInt8]? {
        for beginning in ["CREATE ROLE ", "ALTER ROLE ", "COMMENT ON ROLE "]
        where statement.starts(with: beginning.utf8) {
            return word(statement.dropFirst(beginning.utf8.count))
        }
        // GRANT group TO member …, GRANT SET ON PARAMETER p TO role …, SECURITY LABEL FOR p ON ROLE role IS …
        if statement.starts(with: "GRANT ".utf8), rest(of: statement, behind: " ON TABLESPACE ") == nil {
            return rest(of: statement, behind: " TO ").flatMap(word)
        }
        guard statement.starts(with: "SECURITY LABEL ".utf8) else { return nil }
        return rest(of: statement, behind: " ON ROLE ").flatMap(word)
    }

    /// What follows these words where they first stand outside quotes.
    private static func rest(of statement: ArraySlice<UInt8>, behind words: String) -> ArraySlice<UInt8>? {
        var quote: UInt8?
        for (position, byte) in zip(statement.indices, statement) {
            if byte == quote {
                quote = nil
            } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if quote == nil, statement[position...].starts(with: words.utf8) {
                return statement[(position + words.utf8.count)...]
            }
        }
        return nil
    }

    /// A name at the beginning, quoted or not.
    private static func word(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.first == UInt8(ascii: "\"") else {
            return Array(text.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ";") })
        }
        var end = text.startIndex + 1
        while let quote = text[end...].firstIndex(of: UInt8(ascii: "\"")) {
            end = quote + 1
            if end == text.endIndex || text[end] != UInt8(ascii: "\"") { return Array(text[..<end]) }
            end += 1  // a doubled quote belongs to the name
        }
        return nil
    }
}
