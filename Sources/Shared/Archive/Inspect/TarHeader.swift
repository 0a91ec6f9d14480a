/// One 512-byte header of a tar, as far as it says where the next one is.
struct TarHeader {
    enum Kind {
        /// Counts as a member: file, folder, link, device.
        case member
        /// Extended header records for the next member (pax).
        case extended
        /// The whole name of the next member (GNU).
        case longName
        /// Belongs to another member and holds nothing that matters here: GNU long links, global records.
        case auxiliary
    }

    let kind: Kind
    /// Bytes of data behind the header.
    let dataBytes: Int64
    /// Whether blocks with a GNU sparse map come first.
    let hasSparseMap: Bool
    let isFolder: Bool
    /// As far as it stands in the header itself.
    let path: [UInt8]

    /// Nil when the checksum or the size is wrong.
    init?(_ block: [UInt8]) {
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int64($1.element)) }
        guard let stated = Self.number(block[148..<156]), stated == sum else { return nil }
        guard let size = Self.number(block[124..<136]), Self.isPossible(size) else { return nil }
        let type = block[156]
        switch type {
        case UInt8(ascii: "x"): kind = .extended
        case UInt8(ascii: "L"): kind = .longName
        case UInt8(ascii: "g"), UInt8(ascii: "K"): kind = .auxiliary
        default: kind = .member
        }
        // Links, devices, folders and pipes have no data, whatever their size says.
        dataBytes = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type) ? 0 : size
        hasSparseMap = type == UInt8(ascii: "S") && block[482] != 0
        let name = Self.text(block[0..<100])
        // The prefix is POSIX's (ustar and a NUL); GNU has other things there.
        let prefix = block[257..<263].elementsEqual("ustar\0".utf8) ? Self.text(block[345..<500]) : []
        path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        isFolder = type == UInt8(ascii: "5") || (type != UInt8(ascii: "L") && path.last == UInt8(ascii: "/"))
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    var paddedBytes: Int64 { padded(dataBytes) }

    /// `bytes` up to the next block.
    func padded(_ bytes: Int64) -> Int64 { (bytes + 511) / 512 * 512 }

    /// What matters here of extended header records: the member's size and its name, where they say it.
    struct Records {
        var size: Int64?
        var path: [UInt8]?
    }

    /// Of extended header records, each `<length> <key>=<value>` and a newline; the length counts all of it
    /// (POSIX.1, pax). Only the length parts them: names and attributes may hold newlines, and anything that looks like one.
    static func records(in records: [UInt8]) -> Records {
        var found = Records()
        var sparseName: [UInt8]?
        var rest = records[...]
        while let blank = rest.firstIndex(of: UInt8(ascii: " ")),
            let length = Int(String(decoding: rest[..<blank], as: UTF8.self)), length <= rest.count,
            length >= blank - rest.startIndex + 2
        {
            let record = rest[(blank + 1)..<(rest.startIndex + length - 1)]
            rest = rest.dropFirst(length)
            if let text = value(of: "size", in: record), let size = Int64(String(decoding: text, as: UTF8.self)),
                isPossible(size)
            {
                found.size = size
            } else if let path = value(of: "path", in: record) {
                found.path = Array(path)
            } else if let path = value(of: "GNU.sparse.name", in: record) {
                sparseName = Array(path)
            }
        }
        // The other is then one that GNU tar made up.
        found.path = sparseName ?? found.path
        return found
    }

    private static func value(of key: String, in record: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        record.starts(with: "\(key)=".utf8) ? record.dropFirst(key.utf8.count + 1) : nil
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
