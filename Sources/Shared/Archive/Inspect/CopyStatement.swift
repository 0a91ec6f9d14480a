/// Keeps a statement while it may be the `COPY … FROM stdin;` that rows follow.
struct CopyStatement {
    private static let beginning = [UInt8]("COPY ".utf8)
    private static let end = [UInt8](" FROM stdin;".utf8)
    /// More than 1,600 columns with the longest names need.
    private static let longest = 1 << 20

    private var bytes: [UInt8] = []
    private var isCandidate = true

    mutating func take(_ byte: UInt8) {
        guard isCandidate else { return }
        let isBeginning = bytes.count >= Self.beginning.count || byte == Self.beginning[bytes.count]
        guard isBeginning, bytes.count < Self.longest else {
            isCandidate = false
            bytes = []
            return
        }
        bytes.append(byte)
    }

    mutating func take(contentsOf more: Slice<UnsafeRawBufferPointer>) {
        guard isCandidate else { return }
        for byte in more { take(byte) }
    }

    /// The table's name exactly as it stands, in the dump's encoding, if the statement is a whole COPY from stdin.
    var tableName: [UInt8]? {
        guard isCandidate, bytes.count > Self.beginning.count, bytes.suffix(Self.end.count).elementsEqual(Self.end)
        else {
            return nil
        }
        var isQuoted = false
        let name = bytes.dropFirst(Self.beginning.count).prefix { byte in
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            return isQuoted || byte != UInt8(ascii: " ")
        }
        return Array(name)
    }
}
