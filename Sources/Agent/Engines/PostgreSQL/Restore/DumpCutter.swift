import Archive
import Domain
import Glibc

/// Cuts a plain dump, as it flows by, into its statements and the rows of its tables. What lies between them (comments, and
/// pg_dump's own pair of psql commands) is left out. Throws as soon as it meets what pg_dump does not write.
struct DumpCutter {
    enum Piece {
        /// A whole statement, its `;` included.
        case statement(ArraySlice<UInt8>)
        /// The next bytes of a statement that is too long to be kept.
        case part(UnsafeRawBufferPointer, isLast: Bool)
        /// A `COPY … FROM stdin;` with the name of its table, in the dump's encoding; the pieces that follow are rows, until `rowsEnd`.
        case rows(of: [UInt8], ArraySlice<UInt8>)
        /// Bytes of rows, at the end with the line that ends them.
        case data(UnsafeRawBufferPointer)
        case rowsEnd
    }

    private var scanner: StatementScanner
    private let hasRows: Bool
    private var copy: CopyDataScanner?
    private var kept: [UInt8] = []
    /// Parts of the statement have been handed out.
    private var isLong = false
    private var lines: Int64 = 0

    /// Statements up to here are handed out whole.
    static let longest = 1 << 20

    init(expecting completion: DumpCompletion.Line = .database) {
        scanner = StatementScanner(expecting: completion)
        hasRows = completion == .database
    }

    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ each: (Piece) throws(BackupError) -> Void
    ) throws(BackupError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        // psql drops the rest of a line behind one, quotes and all.
        guard memchr(base, 0, bytes.count) == nil else { throw DumpIntrusion.error("a NUL", line: line) }
        var position = 0
        while position < bytes.count {
            if copy != nil {
                let next = copy?.scan(bytes, from: position)
                try each(.data(UnsafeRawBufferPointer(rebasing: bytes[position..<(next ?? bytes.count)])))
                guard let next else { return }
                position = next
                lines += (copy?.rows ?? 0) + 1
                copy = nil
                try each(.rowsEnd)
                continue
            }
            let (end, stop) = scanner.scan(bytes, from: position)
            let range = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
            position = end
            lines += Int64(range.count { $0 == UInt8(ascii: "\n") })
            guard stop != .intrusion else {
                throw DumpIntrusion.error(scanner.intrusion ?? "something that pg_dump does not write", line: line)
            }
            try keep(range, isEnd: stop != .more, each)
            if stop == .statement || stop == .data { try close(stop, each) }
        }
    }

    /// The dump is over. Throws `.integrity` when it is within something.
    func finish() throws(BackupError) {
        guard copy == nil, scanner.reasonNotAtEnd == nil, scanner.reasonIncomplete == nil else {
            throw BackupError(.integrity, "the dump is not complete: it ends before its completion line")
        }
    }

    /// Parts of a statement have been handed out, and its end has not.
    var isWithinLong: Bool { isLong }

    private var line: Int64 { lines + (copy?.rows ?? 0) + 1 }

    private mutating func keep(
        _ range: UnsafeRawBufferPointer, isEnd: Bool, _ each: (Piece) throws(BackupError) -> Void
    ) throws(BackupError) {
        if isLong {
            try each(.part(range, isLast: isEnd))
            return
        }
        kept.append(contentsOf: range)
        guard kept.count > Self.longest, !isEnd else { return }
        let rest = kept[Self.beginning(of: kept)...]
        kept = []
        // Comments alone are dropped, however long they are.
        guard !rest.isEmpty else { return }
        isLong = true
        var result: Result<Void, BackupError> = .success(())
        rest.withUnsafeBytes { raw in
            result = Result { () throws(BackupError) in try each(.part(raw, isLast: false)) }
        }
        try result.get()
    }

    private mutating func close(
        _ stop: StatementScanner.Stop, _ each: (Piece) throws(BackupError) -> Void
    ) throws(BackupError) {
        let wasLong = isLong
        let statement = kept[Self.beginning(of: kept)...]
        (kept, isLong) = ([], false)
        if stop == .data {
            guard hasRows, !wasLong, let name = scanner.takeCopyName() else {
                throw DumpIntrusion.error("the rows of a table in a place where there are none", line: line)
            }
            copy = CopyDataScanner()
            try each(.rows(of: name, statement))
        } else if !wasLong {
            try each(.statement(statement))
        }
    }

    /// Where the statement begins, behind blanks, comments and lines for psql.
    private static func beginning(of bytes: [UInt8]) -> Int {
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let next = position + 1 < bytes.count ? bytes[position + 1] : 0
            switch (byte, next) {
            case (0x20, _), (0x09...0x0d, _): position += 1
            case (UInt8(ascii: "-"), UInt8(ascii: "-")), (UInt8(ascii: "\\"), _):
                guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { return bytes.count }
                position = end + 1
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                var depth = 0
                repeat {
                    guard position + 1 < bytes.count else { return bytes.count }
                    switch (bytes[position], bytes[position + 1]) {
                    case (UInt8(ascii: "/"), UInt8(ascii: "*")): (depth, position) = (depth + 1, position + 2)
                    case (UInt8(ascii: "*"), UInt8(ascii: "/")): (depth, position) = (depth - 1, position + 2)
                    default: position += 1
                    }
                } while depth > 0
            default: return position
            }
        }
        return bytes.count
    }
}
