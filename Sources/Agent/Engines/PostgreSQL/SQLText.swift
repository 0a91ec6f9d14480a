import Domain
import Sealing

/// Names and values as SQL text. PostgreSQL's names are hostile input.
enum SQLText {
    static func identifier(_ name: String) -> String { "\"" + name.replacing(scalar: "\"", with: "\"\"") + "\"" }

    /// Reads the same whatever `standard_conforming_strings` is.
    static func literal(_ text: String) -> String {
        let quoted = "'" + text.replacing(scalar: "\\", with: "\\\\").replacing(scalar: "'", with: "''") + "'"
        return text.utf8.contains(UInt8(ascii: "\\")) ? " E" + quoted : quoted
    }

    /// The same without a line feed in it.
    static func identifierOnOneLine(_ name: String) -> String {
        guard name.unicodeScalars.contains("\n") else { return identifier(name) }
        return "U&" + identifier(name.replacing(scalar: "\\", with: "\\\\")).replacing(scalar: "\n", with: "\\000A")
    }

    /// The same without a line feed in it.
    static func literalOnOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains("\n") else { return literal(text) }
        let escaped = text.replacing(scalar: "\\", with: "\\\\").replacing(scalar: "'", with: "''")
        return " E'" + escaped.replacing(scalar: "\n", with: "\\n") + "'"
    }

    /// Bytes of whatever encoding, for people: as UTF-8 where that is what they are, else with `\\x` and digits for each byte
    /// beyond ASCII.
    static func shown(_ bytes: some Collection<UInt8>) -> String {
        String(validating: bytes, as: UTF8.self)
            ?? bytes.reduce(into: "") { text, byte in
                text += byte < 0x80 ? String(Unicode.Scalar(byte)) : "\\x" + hex([byte])
            }
    }

    /// A database's name as a connection string, in which it is nothing but the name (libpq's documentation, "Keyword/Value Connection
    /// Strings").
    static func connectionWord(_ name: String) -> String {
        "dbname='" + name.replacing(scalar: "\\", with: "\\\\").replacing(scalar: "'", with: "\\'") + "'"
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
