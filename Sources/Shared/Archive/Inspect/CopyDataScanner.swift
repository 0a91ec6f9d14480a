import Sealing

/// The rows behind a `COPY … FROM stdin;` up to the line that is exactly `\.`: counted and hashed with their newlines.
///
/// This is where nearly all of a dump goes through, so it looks at vectors of bytes and hashes whole ranges.
package struct CopyDataScanner {
    private let hasher = SHA256Hasher()
    /// So far.
    package private(set) var rows: Int64 = 0
    private var line = LinePosition.start

    /// Where in a line the next byte stands. What might be the end line is not hashed before it is known not to be.
    private enum LinePosition { case start, afterBackslash, afterBackslashDot, within }

    package init() {}

    /// Takes bytes from `start` on. Returns where the bytes behind the end line begin, or nil while the data goes on.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        while line != .within {
            guard position < bytes.count else { return nil }
            switch (line, bytes[position]) {
            case (.start, UInt8(ascii: "\\")): line = .afterBackslash
            case (.afterBackslash, UInt8(ascii: ".")): line = .afterBackslashDot
            case (.afterBackslashDot, UInt8(ascii: "\n")): return position + 1
            default:
                hashHeldBack()
                line = .within
                continue  // this byte is data: it stays for below
            }
            position += 1
        }
        return scanWithinLines(bytes, from: position)
    }

    /// Rows and the lower-case hexadecimal digest of their bytes.
    package func finish() -> (rows: Int64, sha256: String) { (rows, hex(hasher.finish())) }

    /// From a byte that is not the first of an end line.
    private mutating func scanWithinLines(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        while true {
            let found = findEndLine(in: bytes, from: position, newlines: &rows)
            guard found < bytes.count else { break }
            let behind = found + 3
            if behind == bytes.count {
                hash(bytes, start, found + 1)
                line = .afterBackslashDot
                return nil
            }
            if bytes[behind] == UInt8(ascii: "\n") {
                hash(bytes, start, found + 1)
                return behind + 1
            }
            position = found + 1  // "\." with more behind it: data
        }
        switch (bytes.count >= start + 2 ? bytes[bytes.count - 2] : 0, bytes[bytes.count - 1]) {
        case (_, UInt8(ascii: "\n")):
            hash(bytes, start, bytes.count)
            line = .start
        case (UInt8(ascii: "\n"), UInt8(ascii: "\\")):
            hash(bytes, start, bytes.count - 1)
            line = .afterBackslash
        default: hash(bytes, start, bytes.count)
        }
        return nil
    }

    private func hash(_ bytes: UnsafeRawBufferPointer, _ from: Int, _ to: Int) {
        hasher.update(UnsafeRawBufferPointer(rebasing: bytes[from..<to]))
    }

    private func hashHeldBack() {
        let held: [UInt8] =
            switch line {
            case .afterBackslash: [UInt8(ascii: "\\")]
            case .afterBackslashDot: [UInt8(ascii: "\\"), UInt8(ascii: ".")]
            case .start, .within: []
            }
        held.withUnsafeBytes { hasher.update($0) }
    }
}
