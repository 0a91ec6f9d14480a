import Foundation

/// One file of the repository.
struct TextFile {
    /// From the package's root: `deploy/test.sh`.
    let path: String
    let text: String
}

/// One Swift file, as the rules look at it.
struct SourceFile {
    /// From the package's root: `Sources/Shared/Domain/Tier.swift`.
    let path: String
    let text: String
    /// The text with comments and the insides of string literals blanked out, line by line the same.
    let code: String
    let lines: [Substring]
    let codeLines: [Substring]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = CodeOnly.of(text)
        // By bytes: splitting by characters takes most of the suite's time.
        let newline = UInt8(ascii: "\n")
        lines = text.utf8.split(separator: newline, omittingEmptySubsequences: false).map(Substring.init)
        codeLines = code.utf8.split(separator: newline, omittingEmptySubsequences: false).map(Substring.init)
    }

    var name: String { URL(filePath: path).lastPathComponent }

    /// The names of the modules that it imports; of `import struct Yams.Node` too.
    var imports: [String] {
        codeLines.compactMap { line in
            guard var name = Self.word(after: ["import"], in: line) else { return nil }
            if Self.importKinds.contains(name) { name = Self.word(after: [name], in: line) ?? name }
            return String(name)
        }
    }

    /// The types that it declares.
    var types: [(name: String, isNested: Bool)] {
        codeLines.compactMap { line in
            Self.word(after: Self.typeKinds, in: line).map { (String($0), line.hasPrefix(" ")) }
        }
    }

    /// The word after the first of these, when only modifiers and attributes come before it. By words and not by patterns,
    /// which are slow when they are not optimised.
    static func word(after keywords: Set<Substring>, in line: Substring) -> Substring? {
        guard keywords.contains(where: { line.contains($0) }) else { return nil }
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
        guard let place = words.firstIndex(where: { keywords.contains($0) }), place + 1 < words.count,
            words[..<place].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") })
        else { return nil }
        return words[place + 1]
    }

    static let typeKinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    private static let importKinds = typeKinds.union(["func", "let", "var"])
    private static let modifiers: Set<Substring> = importKinds.subtracting(["func", "let", "var"]).union([
        "package", "public", "internal", "private", "fileprivate", "final", "indirect", "import", "static", "mutating",
        "consuming", "borrowing", "nonisolated", "override", "isolated",
    ])

    /// The folder of its module: `Shared/Domain`, `Shared/System/Threads`, `Agent/Main`; nil outside `Sources`.
    var module: String? { Self.module(of: path) }

    static func module(of path: String) -> String? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.first == "Sources", parts.count >= 4 else { return nil }
        let depth = parts[1] == "Shared" && parts[2] == "System" ? 3 : 2
        guard parts.count > depth + 1 else { return nil }
        return parts[1...depth].joined(separator: "/")
    }

    func isUnder(_ folders: [String]) -> Bool { folders.contains { path.hasPrefix("Sources/\($0)/") } }
}

/// The package's files.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Files with one of these endings under these folders; throws when a folder cannot be read or holds none.
    static func files(_ folders: [String], endings: Set<String> = ["swift"]) throws -> [TextFile] {
        try folders.flatMap { folder in
            let place = root.appending(path: folder).resolvingSymlinksInPath().path
            let names = try FileManager.default.subpathsOfDirectory(atPath: place)
            let wanted = names.filter {
                endings.contains(URL(filePath: $0).pathExtension) && !$0.contains("__pycache__")
            }
            guard !wanted.isEmpty else { throw CocoaError(.fileNoSuchFile) }
            return try wanted.sorted().map { try file("\(folder)/\($0)") }
        }
    }

    static func file(_ path: String) throws -> TextFile {
        TextFile(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
    }

    /// Every Swift file under `Sources`, read once.
    static let sources = Result { try files(["Sources"]).map { SourceFile(path: $0.path, text: $0.text) } }
}
