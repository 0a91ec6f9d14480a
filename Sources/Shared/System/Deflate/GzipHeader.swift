/// Reads over the header of one gzip member (RFC 1952), byte by byte, and keeps nothing of it.
///
/// ISA-L could read it too, but loses its thread in some headers that are cut between two calls.
struct GzipHeader {
    private enum Part { case fixed, extraLength, extra, name, comment, checksum, done }

    private var part = Part.fixed
    private var flags: UInt8 = 0
    /// Bytes of this part so far, and for the extra field how many it has.
    private var count = 0
    private var extraBytes = 0

    var isWhole: Bool { part == .done }

    /// Takes the header's next bytes off `input`, up to its end. Throws `damaged` for what is no gzip.
    mutating func take(from input: inout UnsafeRawBufferPointer) throws(DeflateError) {
        var used = 0
        while part != .done, used < input.count {
            try take(input[used])
            used += 1
        }
        input = UnsafeRawBufferPointer(rebasing: input[used...])
    }

    private mutating func take(_ byte: UInt8) throws(DeflateError) {
        count += 1
        switch part {
        case .fixed:
            try check(byte, at: count - 1)
            if count == 10 { goOn(behind: .fixed) }
        case .extraLength:
            extraBytes |= Int(byte) << (8 * (count - 1))
            if count == 2 { goOn(behind: extraBytes > 0 ? .extraLength : .extra) }
        case .extra: if count == extraBytes { goOn(behind: .extra) }
        case .name, .comment: if byte == 0 { goOn(behind: part) }
        case .checksum: if count == 2 { goOn(behind: .checksum) }
        case .done: break
        }
    }

    private mutating func check(_ byte: UInt8, at position: Int) throws(DeflateError) {
        switch position {
        case 0 where byte != 0x1f, 1 where byte != 0x8b: throw DeflateError(.damaged, "this is not gzip")
        case 2 where byte != 8: throw DeflateError(.damaged, "the gzip data has an unknown method, \(byte)")
        case 3 where byte & 0xe0 != 0: throw DeflateError(.damaged, "the gzip data has unknown flags")
        case 3: flags = byte
        default: break
        }
    }

    private mutating func goOn(behind ended: Part) {
        count = 0
        part =
            switch ended {
            case .fixed where flags & 4 != 0: .extraLength
            case .extraLength: .extra
            case .fixed where flags & 8 != 0, .extra where flags & 8 != 0: .name
            case .fixed where flags & 16 != 0, .extra where flags & 16 != 0, .name where flags & 16 != 0: .comment
            case .fixed where flags & 2 != 0, .extra where flags & 2 != 0, .name where flags & 2 != 0,
                .comment where flags & 2 != 0:
                .checksum
            case .fixed, .extra, .name, .comment, .checksum, .done: .done
            }
    }
}
