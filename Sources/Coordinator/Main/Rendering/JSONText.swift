import Domain
import Foundation

/// Views as JSON for scripts: exactly their fields, those without a value as null.
enum JSONText {
    /// Readable, sorted keys, without a line feed at the end.
    static func of(_ value: some Encodable) throws -> String {
        let data = try JSON.encoder().encode(value)
        let tree = try JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed])
        let whole = withNulls(tree, value)
        let text = try JSONSerialization.data(
            withJSONObject: whole, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
        // What is empty takes no lines. A line feed never stands within a JSON string, so this touches none.
        return harmless(
            String(decoding: text, as: UTF8.self)
                .replacing(/\[\n\s*\]/, with: "[]").replacing(/\{\n\s*\}/, with: "{}"))
    }

    /// What a terminal obeys although JSON lets it stand, written as an escape: it occurs within strings only, and means the
    /// same to whoever reads them.
    private static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var safe = ""
        for scalar in text.unicodeScalars {
            if isHarmful(scalar) {
                let digits = String(scalar.value, radix: 16)
                safe += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // Controls of eight bits, line separators, and marks that turn the direction of writing around.
        case 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    /// An encoder leaves out what is nil; a script should find every key every time. The fields are taken from the value
    /// itself, wherever its JSON is an object.
    private static func withNulls(_ tree: Any, _ value: Any) -> Any {
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            return mirror.children.first.map { withNulls(tree, $0.value) } ?? NSNull()
        case .collection:
            guard let elements = tree as? [Any], elements.count == mirror.children.count else { return tree }
            return zip(elements, mirror.children).map { withNulls($0, $1.value) }
        case .struct:
            guard var object = tree as? [String: Any] else { return tree }
            for case (let name?, let field) in mirror.children {
                object[name] = object[name].map { withNulls($0, field) } ?? NSNull()
            }
            return object
        default:
            return tree
        }
    }
}
