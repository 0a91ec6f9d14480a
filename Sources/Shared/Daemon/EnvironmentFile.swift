/// A file of variables as systemd's `EnvironmentFile=` reads it: `NAME=value` a line.
///
/// `#` and `;` begin a comment only at the beginning of a line; further on they are part of the value. A backslash at the end of a
/// line joins the next one to it. Values may be quoted, singly (nothing in it is special) or doubly (a backslash makes `"`, `\`, `$` and
/// the backquote ordinary), and may then go over several lines. Blanks around a value are dropped. What is no assignment is passed over.
package struct EnvironmentFile: Sendable, Equatable {
    /// By name; of two of one name the later counts.
    package private(set) var variables: [String: String] = [:]

    private enum Place { case name, comment, before, value, single, double }

    /// Reads the file's text.
    package init(_ text: String) {
        var place = Place.name
        var name = ""
        var value = ""
        // Blanks at the end of a value count only where something follows, or where they were quoted.
        var length = 0
        var iterator = text.unicodeScalars.makeIterator()
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\r" }
        func take(_ scalar: Unicode.Scalar, counts: Bool = true) {
            value.unicodeScalars.append(scalar)
            if counts { length = value.unicodeScalars.count }
        }
        func end() {
            let key = name.drop { $0 == " " || $0 == "\t" }
            let trimmed = String(key.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
            if place != .name, Self.isName(trimmed) {
                variables[trimmed] = String(String.UnicodeScalarView(value.unicodeScalars.prefix(length)))
            }
            (place, name, value, length) = (.name, "", "", 0)
        }
        while let scalar = iterator.next() {
            switch (place, scalar) {
            case (.comment, "\n"): (place, name) = (.name, "")
            // systemd goes on with a comment that ends in a backslash.
            case (.comment, "\\"): _ = iterator.next()
            case (.comment, _): break
            case (.name, "#") where name.allSatisfy(\.isWhitespace): place = .comment
            case (.name, ";") where name.allSatisfy(\.isWhitespace): place = .comment
            case (.name, "="): place = .before
            case (.name, "\n"): name = ""
            case (.name, _): name.unicodeScalars.append(scalar)
            case (.before, "\n"), (.value, "\n"): end()
            case (.before, "\""), (.before, "'"): place = scalar == "'" ? .single : .double
            case (.before, "\\"), (.value, "\\"):
                place = .value
                if let next = iterator.next(), next != "\n" { take(next) }
            case (.before, _) where isBlank(scalar): break
            case (.before, _):
                place = .value
                take(scalar)
            case (.value, _): take(scalar, counts: !isBlank(scalar))
            case (.single, "'"), (.double, "\""):
                place = .before
                length = value.unicodeScalars.count
            case (.double, "\\"):
                guard let next = iterator.next() else { break }
                if next == "\n" { break }
                if !["\"", "\\", "`", "$"].contains(next) { take("\\") }
                take(next)
            case (.single, _), (.double, _): take(scalar)
            }
        }
        // A quote that never ends goes to the end of the file.
        if place == .single || place == .double { length = value.unicodeScalars.count }
        end()
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                || (0x61...0x7a).contains(byte)
        }
    }
}
