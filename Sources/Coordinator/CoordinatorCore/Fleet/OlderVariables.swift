import Domain
import Foundation

/// Reads the environment variables of the older scripts, and names the variable in every mistake. An empty one counts as
/// not set.
///
/// systemd keeps a comment behind a value of an `EnvironmentFile` in the value, where a shell drops it: a blank and `#` end
/// every value but those that may hold both.
struct OlderVariables {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    subscript(name: String) -> String? {
        guard let value = values[name] else { return nil }
        let told = isWhole(name) ? value : Self.withoutComment(value)
        return told.isEmpty ? nil : told
    }

    /// Paths and a prefix of keys may hold whatever they like.
    func isWhole(_ name: String) -> Bool { name == "BACKUP_S3_PREFIX" || name.hasSuffix("_FILE") }

    /// Those of ours that have a blank and `#` in them, sorted.
    var commented: [String] {
        values.filter { $0.key.hasPrefix("BACKUP_") && $0.value.contains(Self.comment) }.keys.sorted()
    }

    static func withoutComment(_ value: String) -> String {
        value.replacing(comment, with: "").trimmingCharacters(in: .whitespaces)
    }

    private static var comment: Regex<Substring> { #/(?:^|[\x20\t]+)#.*/# }

    func flag(_ name: String, default standard: Bool) throws(BackupError) -> Bool {
        switch self[name]?.lowercased() {
        case nil: return standard
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default: throw BackupError(.configuration, "\(name): expected true or false")
        }
    }

    func number(_ name: String, _ range: ClosedRange<Int>) throws(BackupError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw BackupError(
                .configuration, "\(name): expected a number of \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func checked<Value>(
        _ name: String, _ check: (String) throws(BackupError) -> Value
    ) throws(BackupError) -> Value? {
        guard let text = self[name] else { return nil }
        return try named(name) { () throws(BackupError) in try check(text) }
    }

    func named<Value>(_ name: String, _ check: () throws(BackupError) -> Value) throws(BackupError) -> Value {
        do {
            return try check()
        } catch {
            throw BackupError(error.code, "\(name): \(error.message)")
        }
    }
}
