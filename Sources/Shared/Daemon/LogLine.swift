import Domain
package import Foundation
package import Logging

/// A log event as one line of text: time, level, message, then `key=value`.
package enum LogLine {
    /// One line without its line feed, whatever the values hold: control characters are written as escapes.
    package static func text(
        at time: Date, level: Logger.Level, message: String, metadata: Logger.Metadata
    ) -> String {
        var line = "\(Timestamp.text(time)) \(level.rawValue.uppercased()) \(escaped(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(escaped(key))=\(quoted(value.description))"
        }
        return line
    }

    private static func quoted(_ value: String) -> String {
        let text = escaped(value)
        guard text.isEmpty || text.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return text }
        return "\"" + text.replacing(scalar: "\"", with: "\\\"") + "\""
    }

    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.properties.generalCategory == .control: out += "\\u{\(String(scalar.value, radix: 16))}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
