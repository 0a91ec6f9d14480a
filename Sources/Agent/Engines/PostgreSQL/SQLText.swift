/// Names and values as SQL text. PostgreSQL's names are hostile input.
enum SQLText {
    static func identifier(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// Reads the same whatever `standard_conforming_strings` is.
    static func literal(_ text: String) -> String {
        let quoted = "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
        return text.contains("\\") ? " E" + quoted : quoted
    }

    /// Whether `text` is one name or several joined by dots, each plain or in double quotes, and nothing else: then it may
    /// stand in SQL as it is.
    static func isQualifiedName(_ text: String) -> Bool {
        var rest = Array(text.unicodeScalars)[...]
        while true {
            guard takeName(&rest) else { return false }
            if rest.isEmpty { return true }
            guard rest.popFirst() == "." else { return false }
        }
    }

    private static func takeName(_ rest: inout ArraySlice<Unicode.Scalar>) -> Bool {
        guard rest.first == "\"" else {
            let word = rest.prefix { $0 == "_" || $0 == "$" || $0.properties.isAlphabetic || ("0"..."9").contains($0) }
            rest = rest.dropFirst(word.count)
            return !word.isEmpty && !("0"..."9").contains(word[word.startIndex])
        }
        rest.removeFirst()
        var length = 0
        while let scalar = rest.popFirst() {
            if scalar == "\"" {
                guard rest.first == "\"" else { return length > 0 }
                rest.removeFirst()
            }
            length += 1
        }
        return false
    }

    /// `text` cut to `limit` bytes of UTF-8 without cutting a character in two.
    static func cut(_ text: String, bytes limit: Int) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            guard out.utf8.count + scalar.utf8.count <= limit else { break }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    /// `base` and `suffix` as one name of at most 63 bytes, the longest that PostgreSQL keeps.
    static func name(_ base: String, _ suffix: String) -> String { cut(base, bytes: 63 - suffix.utf8.count) + suffix }
}
