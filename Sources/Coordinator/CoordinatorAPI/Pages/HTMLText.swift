import Mustache

/// How names and messages, which are anybody's text, become text of a page.
///
/// Mustache's own escaping goes by grapheme: a quote with a combining mark behind it is another character to it, and not
/// another one to a browser. This one goes by scalar, and makes visible what would not be seen or would turn the line
/// around.
struct HTMLText: MustacheContentType {
    static let name = "HOLDFAST"

    func escapeText(_ text: String) -> String {
        var out = ""
        out.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "&": out += "&amp;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            case _ where Self.isHidden(scalar):
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Control characters, and those that change the direction of what follows or take no room.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
        default: false
        }
    }
}
