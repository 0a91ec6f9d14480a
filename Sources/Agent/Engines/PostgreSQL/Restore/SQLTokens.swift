/// The tokens of one statement, as far as it takes to tell what kind it is. Anything that is not plainly readable (a body in
/// dollars, a comment in the middle, an escape string) ends the list with ``Token/other``.
struct SQLTokens {
    enum Token: Equatable {
        /// An unquoted word in lower case.
        case word([UInt8])
        /// A name in double quotes, with them.
        case quoted([UInt8])
        /// A string in single quotes, with them.
        case string([UInt8])
        /// One byte of anything else.
        case mark(UInt8)
        case other
    }

    let all: [Token]

    init(_ statement: some Collection<UInt8>) {
        var tokens: [Token] = []
        var rest = Array(statement)[...]
        while let byte = rest.first {
            switch byte {
            case 0x20, 0x09...0x0d: rest.removeFirst()
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                guard let text = Self.takeQuoted(&rest, byte) else {
                    tokens.append(.other)
                    rest = []
                    break
                }
                tokens.append(byte == UInt8(ascii: "'") ? .string(text) : .quoted(text))
            case UInt8(ascii: "$"), UInt8(ascii: "\\"):
                tokens.append(.other)
                rest = []
            case _ where Self.isWord(byte):
                let word = rest.prefix { Self.isWord($0) || $0 == UInt8(ascii: "$") }
                rest = rest.dropFirst(word.count)
                guard word.count == 1, rest.first == UInt8(ascii: "'") else {
                    tokens.append(.word(word.map { (65...90).contains($0) ? $0 | 0x20 : $0 }))
                    break
                }
                // E'…' with its escapes; B'…' and its like stand nowhere where this is used.
                let isEscape = word.first.map { $0 | 0x20 } == UInt8(ascii: "e")
                let text = isEscape ? Self.takeEscaped(&rest) : nil
                tokens.append(text.map { .string($0) } ?? .other)
                if text == nil { rest = [] }
            default:
                rest.removeFirst()
                let isComment =
                    (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/"))
                    && (rest.first == byte || (byte == UInt8(ascii: "/") && rest.first == UInt8(ascii: "*")))
                tokens.append(isComment ? .other : .mark(byte))
                if isComment { rest = [] }
            }
        }
        all = tokens
    }

    /// Whether it begins with these words.
    func begins(_ words: String...) -> Bool {
        all.count >= words.count && zip(all, words).allSatisfy { $0.0 == .word(Array($0.1.utf8)) }
    }

    func contains(_ word: String) -> Bool { all.contains(.word(Array(word.utf8))) }

    /// Every token can be read.
    var isPlain: Bool { !all.contains(.other) }

    /// The tokens outside parentheses from `start` on; nil when parentheses do not close.
    func outer(from start: Int) -> [Token]? {
        var depth = 0
        var found: [Token] = []
        for token in all.dropFirst(start) {
            switch token {
            case .mark(UInt8(ascii: "(")): depth += 1
            case .mark(UInt8(ascii: ")")):
                depth -= 1
                if depth < 0 { return nil }
            case _ where depth == 0: found.append(token)
            default: break
            }
        }
        return depth == 0 ? found : nil
    }

    /// The name that a token is, without quotes; nil when it is none, or no UTF-8.
    static func name(_ token: Token) -> String? { bytes(token).flatMap { String(validating: $0, as: UTF8.self) } }

    /// The name that a token is, without quotes, in the encoding of the text; nil when it is none.
    static func bytes(_ token: Token) -> [UInt8]? {
        switch token {
        case .word(let bytes): return bytes
        case .quoted(let bytes):
            let quote = UInt8(ascii: "\"")
            var name: [UInt8] = []
            var isSecond = false
            for byte in bytes.dropFirst().dropLast() {
                isSecond = byte == quote && !isSecond
                if !isSecond { name.append(byte) }
            }
            return name
        default: return nil
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...,
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A string with backslash escapes, from its opening quote on.
    private static func takeEscaped(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var end = rest.startIndex + 1
        while end < rest.endIndex {
            if rest[end] == UInt8(ascii: "\\") {
                end += 2
            } else if rest[end] == UInt8(ascii: "'") {
                end += 1
                guard end < rest.endIndex, rest[end] == UInt8(ascii: "'") else {
                    defer { rest = rest[end...] }
                    return Array(rest[..<end])
                }
                end += 1
            } else {
                end += 1
            }
        }
        return nil
    }

    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>, _ quote: UInt8) -> [UInt8]? {
        var end = rest.startIndex + 1
        while let found = rest[end...].firstIndex(of: quote) {
            end = found + 1
            guard end < rest.endIndex, rest[end] == quote else {
                defer { rest = rest[end...] }
                return Array(rest[..<end])
            }
            end += 1
        }
        return nil
    }
}
