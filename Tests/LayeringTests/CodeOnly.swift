/// Blanks what the compiler does not read as code, so that a word in a comment or a message breaks no rule.
///
/// It knows `//`, nested `/* */`, and strings with any number of `#` and of one or three quotes. Code inside an
/// interpolation is blanked with its string. A lone quote in a regex literal spoils at most the rest of its line.
struct CodeOnly {
    private var bytes: [UInt8]
    private var at = 0

    static func of(_ text: String) -> String {
        var scanner = CodeOnly(bytes: Array(text.utf8))
        while scanner.at < scanner.bytes.count { scanner.step() }
        return String(decoding: scanner.bytes, as: UTF8.self)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func step() {
        let hashes = count(of: UInt8(ascii: "#"))
        if starts("//") {
            while at < bytes.count, bytes[at] != UInt8(ascii: "\n") { blank(1) }
        } else if starts("/*") {
            blankComment()
        } else if starts("\"", after: hashes) {
            blankString(hashes)
        } else {
            at += max(1, hashes)
        }
    }

    private func starts(_ text: StaticString, after offset: Int = 0) -> Bool {
        let start = at + offset
        guard start + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { $0.elementsEqual(bytes[start..<start + $0.count]) }
    }

    private func count(of byte: UInt8) -> Int { bytes[at...].prefix { $0 == byte }.count }

    private mutating func blank(_ count: Int) {
        for place in at..<min(at + count, bytes.count) where bytes[place] != UInt8(ascii: "\n") {
            bytes[place] = UInt8(ascii: " ")
        }
        at += count
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && at < bytes.count
    }

    private mutating func blankString(_ hashes: Int) {
        let isLong = starts("\"\"\"", after: hashes)
        let quotes = isLong ? 3 : 1
        blank(hashes + quotes)
        while at < bytes.count {
            if isLong ? starts("\"\"\"") : starts("\"") {
                let closing = bytes[(at + quotes)...].prefix { $0 == UInt8(ascii: "#") }.count
                if closing >= hashes { return blank(quotes + hashes) }
            }
            if !isLong, starts("\n") { return }
            blank(hashes == 0 && starts("\\") ? 2 : 1)
        }
    }
}
