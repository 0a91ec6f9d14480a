package import Domain
import Yams

/// One value in a YAML file of settings, with its place, so that every mistake is told with file, line and key.
///
/// Errors are `BackupError(.configuration)` of the form `agent.yaml:3: databases[0].url: expected text, found a list`.
/// They never quote a value: it may be a secret.
package struct Setting {
    private let node: Node
    private let file: String
    /// `policies.production.tiers`; empty for the whole file.
    package let path: String

    /// Reads a whole file. Keys that stand twice are errors, and so are aliases that blow up and other YAML mistakes.
    package init(yaml: String, file: String) throws(BackupError) {
        guard yaml.utf8.count <= 1 << 20 else {
            throw BackupError(.configuration, "\(file): larger than 1 MiB")
        }
        do {
            guard let node = try Yams.compose(yaml: yaml) else {
                throw BackupError(.configuration, "\(file): empty; nothing is configured")
            }
            self.init(node: node, file: file, path: "")
        } catch let error as BackupError {
            throw error
        } catch {
            throw Self.explain(error, yaml: yaml, file: file)
        }
    }

    private init(node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    /// An error at this value's place.
    package func mistake(_ what: String) -> BackupError {
        let line = node.mark.map { ":\($0.line)" } ?? ""
        return BackupError(.configuration, "\(file)\(line): \(path.isEmpty ? "" : path + ": ")\(what)")
    }

    private func expected(_ what: String) -> BackupError { mistake("expected \(what), found \(found)") }

    private var found: String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            if isNull { return "nothing" }
            if scalar.style != .plain { return "text" }
            return node.int != nil ? "a number" : node.bool != nil ? "true or false" : "text"
        }
    }

    /// Written as `null`, `~` or nothing at all.
    package var isNull: Bool { node.null != nil }

    /// The values of a mapping whose keys are all in `keys`; an unknown key is an error that names the known ones.
    /// Values that are null are left out.
    package func fields(_ keys: [String]) throws(BackupError) -> [String: Setting] {
        var out: [String: Setting] = [:]
        for (key, value) in try entries() {
            guard keys.contains(key) else {
                throw value.mistake("unknown key; known here: \(keys.joined(separator: ", "))")
            }
            if !value.isNull { out[key] = value }
        }
        return out
    }

    /// The pairs of a mapping with keys of one's own, in their order.
    package func entries() throws(BackupError) -> [(key: String, value: Setting)] {
        guard case .mapping(let mapping) = node else { throw expected("a mapping of keys to values") }
        var out: [(key: String, value: Setting)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else { throw mistake("a key must be text") }
            let inner = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
            out.append((scalar.string, Setting(node: value, file: file, path: inner)))
        }
        return out
    }

    /// The items of a list.
    package func items() throws(BackupError) -> [Setting] {
        guard case .sequence(let sequence) = node else { throw expected("a list") }
        return sequence.enumerated().map { Setting(node: $1, file: file, path: "\(path)[\($0)]") }
    }

    /// A text, which may look like a number (`prefix: 2026`).
    package func text() throws(BackupError) -> String {
        guard case .scalar(let scalar) = node, !isNull else { throw expected("text") }
        return scalar.string
    }

    /// A whole number of that range.
    package func number(_ range: ClosedRange<Int>) throws(BackupError) -> Int {
        guard let value = node.int else { throw expected("a whole number") }
        guard range.contains(value) else {
            throw mistake("must be \(range.lowerBound) to \(range.upperBound), is \(value)")
        }
        return value
    }

    /// `true` or `false`, and not a text that looks so.
    package func flag() throws(BackupError) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain, let value = node.bool else {
            throw expected("true or false")
        }
        return value
    }

    /// One word of a closed set.
    package func word<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) throws(BackupError) -> Word
    where Word.RawValue == String {
        guard let word = Word(rawValue: try text()) else {
            throw mistake("expected one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    /// Runs a check of another module on this value and puts the place before what it says.
    package func checked<Value>(
        _ check: (Setting) throws(BackupError) -> Value
    ) throws(BackupError) -> Value {
        do {
            return try check(self)
        } catch {
            throw error.message.hasPrefix(file) ? error : mistake(error.message)
        }
    }

    private static func explain(_ error: any Error, yaml: String, file: String) -> BackupError {
        switch error {
        case YamlError.parser(_, let problem, let mark, _), YamlError.scanner(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return BackupError(.configuration, "\(file):\(mark.line): \(problem)")
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            let line = duplicates.first.flatMap { again($0, in: yaml, from: context.mark.line) } ?? context.mark.line
            return BackupError(
                .configuration, "\(file):\(line): this key stands twice: \(duplicates.joined(separator: ", "))")
        default:
            return BackupError(.configuration, "\(file): not YAML that can be read")
        }
    }

    /// The line on which `key` stands for the second time. The parser tells only where its mapping begins (`start`).
    private static func again(_ key: String, in yaml: String, from start: Int) -> Int? {
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropFirst(start - 1)
        let places = lines.flatMap { line in
            line.element.ranges(of: key + ":").map { _ in line.offset + 1 }
        }
        return places.dropFirst().first
    }
}
