package import Domain

/// Looks at a SQLite database file as it flows by: its magic, and its size against the page count in its header.
/// What is in the pages is for `PRAGMA quick_check` to say.
package final class SQLiteFileInspector: Inspector {
    private static let magic = [UInt8]("SQLite format 3\0".utf8)

    private var header: [UInt8] = []
    private var size: Int64 = 0

    private let tables: () -> [TableFingerprint]?
    private let notes: () -> [String]

    /// `tables` and `notes` are asked for at the end: what is known of the file's contents beside what flows by, if anything.
    package init(
        tables: @escaping () -> [TableFingerprint]? = { nil }, notes: @escaping () -> [String] = { [] }
    ) {
        (self.tables, self.notes) = (tables, notes)
    }

    package func consume(_ bytes: UnsafeRawBufferPointer) {
        if header.count < 100 { header.append(contentsOf: bytes.prefix(100 - header.count)) }
        size += Int64(bytes.count)
    }

    package func finish() throws(BackupError) -> Inspection {
        guard size > 0 else { throw unsound("it is empty") }
        guard header.starts(with: Self.magic) else { throw unsound("it does not begin like one") }
        guard header.count == 100 else { throw unsound("it ends within its header") }
        let stated = Int64(header[16]) << 8 | Int64(header[17])
        let pageSize = stated == 1 ? 65536 : stated
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else { throw unsound("its page size is \(stated)") }
        guard size % pageSize == 0 else { throw unsound("its size, \(size) bytes, is not a number of whole pages") }
        // The page count holds only if the file was last changed by a SQLite that keeps it.
        let pages = number(at: 28)
        guard pages == 0 || number(at: 24) != number(at: 92) || size == pages * pageSize else {
            throw unsound("it has \(size / pageSize) pages and says that they are \(pages)")
        }
        return Inspection(tables: tables(), notes: notes())
    }

    private func number(at offset: Int) -> Int64 {
        header[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) }
    }

    private func unsound(_ reason: String) -> BackupError {
        BackupError(.integrity, "the SQLite file is not sound: \(reason)")
    }
}
