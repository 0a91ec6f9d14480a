import Foundation

/// `package` is our public: what stands there for other modules says what it promises.
enum Documentation {
    /// Types at the top level anywhere, and functions under `Shared`, that carry `package` and no `///`.
    ///
    /// Free of the duty: what a documented protocol of ours already explains, what the standard library's protocols
    /// ask for, initialisers and properties (a good name is often all there is to say of them).
    static func missing(in files: [SourceFile]) -> [String] {
        let explained = Set(files.flatMap(requirements)).union(standard)
        return files.flatMap { file in
            file.codeLines.enumerated().compactMap { number, line -> String? in
                guard line.contains("package "), let name = declaration(line, functions: file.isUnder(["Shared"])),
                    !explained.contains(name)
                else {
                    return nil
                }
                return hasComment(above: number, in: file) ? nil : "\(file.path):\(number + 1): \(name) has no ///"
            }
        }
    }

    private static let standard: Set<String> = [
        "encode", "hash", "description", "run", "next", "makeAsyncIterator", "makeIterator", "validate", "log", "write",
    ]

    /// The name of a `package` type at the top level or of a `package` function, if the line declares one.
    private static func declaration(_ line: Substring, functions: Bool) -> String? {
        if !line.hasPrefix(" "), let type = SourceFile.word(after: SourceFile.typeKinds, in: line) {
            return String(type)
        }
        guard functions, !line.contains("func <"), !line.contains("func ==") else { return nil }
        return SourceFile.word(after: ["func"], in: line).map { String($0) }
    }

    /// Declarations that stand together without a blank line may share the comment of the first.
    private static func hasComment(above number: Int, in file: SourceFile) -> Bool {
        for line in file.lines[..<number].reversed() {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("///") || text.hasSuffix("*/") { return true }
            let opens = ["struct ", "class ", "enum ", "actor ", "protocol ", "extension "]
            if text.isEmpty || (text.hasSuffix("{") && opens.contains { text.contains($0) }) { return false }
        }
        return false
    }

    /// The functions that documented protocols ask for.
    private static func requirements(_ file: SourceFile) -> [String] {
        var names: [String] = []
        var inside = false
        for (number, line) in file.codeLines.enumerated() {
            if line.hasPrefix("package protocol ") { inside = true }
            if line.hasPrefix("}") { inside = false }
            guard inside, let name = SourceFile.word(after: ["func"], in: line) else { continue }
            if hasComment(above: number, in: file) { names.append(String(name)) }
        }
        return names
    }
}
