/// The name of a database as its host's `agent.yaml` declares it: any text of 1 to 63 bytes of UTF-8 without NUL.
///
/// It is hostile input: it reaches PostgreSQL by environment only, and a file name or object key only through
/// ``pathComponent``.
package struct DatabaseName: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    package let rawValue: String

    /// Throws `.configuration` when the text is empty, longer than 63 bytes, or holds a NUL.
    package init(_ text: String) throws(BackupError) {
        guard (1...63).contains(text.utf8.count), !text.utf8.contains(0) else {
            throw BackupError(.configuration, "a database name must be 1 to 63 bytes of UTF-8 without NUL")
        }
        rawValue = text
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    package var description: String { rawValue }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    /// The name as one safe path component: bytes other than `A-Z a-z 0-9 . _ -` become `%XX` (as in RFC 3986), and so
    /// does a leading `.` or `-`. Different names give different components, and it can be read back.
    package var pathComponent: String {
        var out = ""
        for (position, byte) in rawValue.utf8.enumerated() {
            let safe: Bool =
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                case UInt8(ascii: "."), UInt8(ascii: "-"): position > 0
                default: false
                }
            out += safe ? String(UnicodeScalar(byte)) : "%" + hexByte(byte)
        }
        return out
    }

    private func hexByte(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16, uppercase: true)
        return text.count == 1 ? "0" + text : text
    }
}
