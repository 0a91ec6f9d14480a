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
    // Two bytes behind the last word are looked at, too.
    while position + 34 <= bytes.count {
        let (first, second) = (wordAgainstNewlines(base, position), wordAgainstNewlines(base, position + 8))
        let (third, fourth) = (wordAgainstNewlines(base, position + 16), wordAgainstNewlines(base, position + 24))
        let mayHoldNewline = (roughMarks(first) | roughMarks(second)) | (roughMarks(third) | roughMarks(fourth))
        if mayHoldNewline & 0x8080_8080_8080_8080 != 0 {
            for offset in stride(from: 0, to: 32, by: 8) {
                var marks = highBitOfZeroBytes(wordAgainstNewlines(base, position + offset))
                while marks != 0 {
                    count += 1
                    let newline = position + offset + marks.trailingZeroBitCount >> 3
                    if isEnd(base, newline) { return newline }
                    marks &= marks &- 1
                }
            }
        }
        position += 32
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

/// Eight bytes, of which those that are newlines become zero. The lowest is the first, on every machine.
@inline(__always)
private func wordAgainstNewlines(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ 0x0a0a_0a0a_0a0a_0a0a
}

/// The high bit of every byte that is zero, and of some that are not but stand above one.
@inline(__always)
private func roughMarks(_ word: UInt64) -> UInt64 { (word &- 0x0101_0101_0101_0101) & ~word }

/// Exact: adding 0x7f to the low bits of a byte sets its high bit unless they are zero, and carries nowhere.
private func highBitOfZeroBytes(_ word: UInt64) -> UInt64 {
    ~(((word & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7f7f_7f7f_7f7f_7f7f) | word | 0x7f7f_7f7f_7f7f_7f7f)
}

private func isEnd(_ base: UnsafeRawPointer, _ newline: Int) -> Bool {
    base.load(fromByteOffset: newline + 1, as: UInt8.self) == UInt8(ascii: "\\")
        && base.load(fromByteOffset: newline + 2, as: UInt8.self) == UInt8(ascii: ".")
}
