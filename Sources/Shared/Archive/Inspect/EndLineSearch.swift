/// The index of the first newline that is followed by `\.`, or the end of the bytes; counts the newlines up to and
/// including it.
///
/// Both questions are answered in one pass over words of eight bytes, at many times the speed of the hash beside it.
/// (Swift's SIMD types were tried: the masks come out lane by lane, a hundred times slower.)
func findEndLine(in bytes: UnsafeRawBufferPointer, from start: Int, newlines: inout Int64) -> Int {
    guard let base = bytes.baseAddress else { return bytes.count }
    var count: Int64 = 0
    defer { newlines += count }
    var position = start
    // Two bytes more than the word are looked at.
    while position + 10 <= bytes.count {
        // The lowest byte of the word is the first, on every machine.
        let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let zeroForNewline = word ^ 0x0a0a_0a0a_0a0a_0a0a
        // Above a newline it can be wrong, below never; that is enough to pass over words without one.
        if (zeroForNewline &- 0x0101_0101_0101_0101) & ~zeroForNewline & 0x8080_8080_8080_8080 != 0 {
            var marks = highBitOfZeroBytes(zeroForNewline)
            while marks != 0 {
                count += 1
                let newline = position + marks.trailingZeroBitCount >> 3
                if isEnd(base, newline) { return newline }
                marks &= marks &- 1
            }
        }
        position += 8
    }
    while position < bytes.count {
        if bytes[position] == UInt8(ascii: "\n") {
            count += 1
            if position + 2 < bytes.count, isEnd(base, position) { return position }
        }
        position += 1
    }
    return bytes.count
}

/// Exact: adding 0x7f to the low bits of a byte sets its high bit unless they are zero, and carries nowhere.
private func highBitOfZeroBytes(_ word: UInt64) -> UInt64 {
    ~(((word & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f) | word | 0x7f7f_7f7f_7f7f_7f7f)
}

private func isEnd(_ base: UnsafeRawPointer, _ newline: Int) -> Bool {
    base.load(fromByteOffset: newline + 1, as: UInt8.self) == UInt8(ascii: "\\")
        && base.load(fromByteOffset: newline + 2, as: UInt8.self) == UInt8(ascii: ".")
}
