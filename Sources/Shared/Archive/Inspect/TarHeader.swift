/// One 512-byte header of a tar, as far as it says where the next one is.
struct TarHeader {
    enum Kind {
        /// Counts as a member: file, folder, link, device.
        case member
        /// Extended header records for the next member (pax).
        case extended
        /// Belongs to another member and holds nothing that matters here: GNU long names, global records.
        case auxiliary
    }

    let kind: Kind
    /// Bytes of data behind the header.
    let dataBytes: Int64
    /// Whether blocks with a GNU sparse map come first.
    let hasSparseMap: Bool

    /// Nil when the checksum or the size is wrong.
    init?(_ block: [UInt8]) {
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int64($1.element)) }
        guard let stated = Self.number(block[148..<156]), stated == sum else { return nil }
        guard let size = Self.number(block[124..<136]), Self.isPossible(size) else { return nil }
        let type = block[156]
        switch type {
        case UInt8(ascii: "x"): kind = .extended
        case UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"): kind = .auxiliary
        default: kind = .member
        }
        // Links, devices, folders and pipes have no data, whatever their size says.
        dataBytes = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type) ? 0 : size
        hasSparseMap = type == UInt8(ascii: "S") && block[482] != 0
    }

    var paddedBytes: Int64 { padded(dataBytes) }

    /// `bytes` up to the next block.
    func padded(_ bytes: Int64) -> Int64 { (bytes + 511) / 512 * 512 }

    /// The `size` among extended header records, each `<length> <key>=<value>` and a newline; the length counts all of it
    /// (POSIX.1, pax). Only the length parts them: names and attributes may hold newlines, and anything that looks like one.
    static func size(inRecords records: [UInt8]) -> Int64? {
        var size: Int64?
        var rest = records[...]
        while let blank = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<blank], as: UTF8.self)), length <= rest.count,
            length >= blank - rest.startIndex + 2
        {
            let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            guard record.starts(with: "size=".utf8) else { continue }
            if let stated = Int64(String(decoding: record.dropFirst(5), as: UTF8.self)), isPossible(stated) {
                size = stated
            }
        }
        return size
    }

    /// Far beyond any file, and far from where sums of it overflow.
    private static func isPossible(_ size: Int64) -> Bool { (0..<1 << 62).contains(size) }

    /// Octal digits, or big-endian binary when the first bit is set (GNU, for 8 GiB and more).
    private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        if let first = field.first, first & 0x80 != 0 {
            return field.dropFirst().reduce(Int64(first & 0x3f)) { $0 &<< 8 | Int64($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        return digits.isEmpty ? 0 : Int64(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
