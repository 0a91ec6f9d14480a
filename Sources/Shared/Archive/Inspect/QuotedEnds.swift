/// Where a `/* … */` comment ends; they nest.
struct BlockCommentEnd {
    private var depth = 1
    private var previous: UInt8 = 0

    /// The index behind the end, or nil when it is not in these bytes.
    mutating func find(in bytes: UnsafeRawBufferPointer) -> Int? {
        for (offset, byte) in bytes.enumerated() {
            switch (previous, byte) {
            case (UInt8(ascii: "*"), UInt8(ascii: "/")): (depth, previous) = (depth - 1, 0)
            case (UInt8(ascii: "/"), UInt8(ascii: "*")): (depth, previous) = (depth + 1, 0)
            default: previous = byte
            }
            if depth == 0 { return offset + 1 }
        }
        return nil
    }
}

/// Where an `E'…'` string ends: at a quote that is neither behind a backslash nor doubled.
struct EscapeStringEnd {
    private var isEscaped = false
    private var sawQuote = false

    /// The index behind the closing quote. It takes one more byte to know that a quote was the closing one.
    mutating func find(in bytes: UnsafeRawBufferPointer) -> Int? {
        for (offset, byte) in bytes.enumerated() {
            if sawQuote {
                guard byte == UInt8(ascii: "'") else { return offset }
                sawQuote = false
            } else if isEscaped {
                isEscaped = false
            } else {
                isEscaped = byte == UInt8(ascii: "\\")
                sawQuote = byte == UInt8(ascii: "'")
            }
        }
        return nil
    }
}

/// A `$tag$` and where the body that it opens ends.
struct DollarQuote {
    enum Step { case more, opened, isNoTag }

    private static let longestTag = 1 << 16
    /// The whole delimiter, with both dollars.
    private var delimiter: [UInt8] = [UInt8(ascii: "$")]
    private var matched = 0

    /// Takes the next byte behind the first dollar.
    mutating func takeTag(_ byte: UInt8) -> Step {
        if byte == UInt8(ascii: "$") {
            delimiter.append(byte)
            return .opened
        }
        let isDigitFirst = delimiter.count == 1 && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        guard isNameByte(byte), !isDigitFirst, delimiter.count < Self.longestTag else { return .isNoTag }
        delimiter.append(byte)
        return .more
    }

    /// The index behind the closing delimiter, or nil when it is not in these bytes.
    mutating func findEnd(in bytes: UnsafeRawBufferPointer) -> Int? {
        var position = 0
        while position < bytes.count {
            if matched == 0 {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                guard let dollar = rest.firstIndex(of: UInt8(ascii: "$")) else { return nil }
                position += dollar
            }
            // No dollar within a tag: after a mismatch, only this very byte can begin another try.
            if bytes[position] == delimiter[matched] {
                matched += 1
                position += 1
                if matched == delimiter.count { return position }
            } else {
                matched = 0
                if bytes[position] != UInt8(ascii: "$") { position += 1 }
            }
        }
        return nil
    }
}
