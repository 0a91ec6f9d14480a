import Domain

/// Lets rows of a table pass up to the last whole one. The beginning of a row is kept until the rest has come, up to a bound.
struct RowHold {
    private var kept: [UInt8] = []
    /// The beginning of a row has been let through, since it was too long to be kept.
    private(set) var hasPassedPart = false

    private static let most = 1 << 20

    /// The rows of another table come.
    mutating func begin() { (kept, hasPassedPart) = ([], false) }

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ sink: DumpFeed.Sink) throws(BackupError) {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return try keep(bytes, sink) }
        try flush(sink)
        try sink(UnsafeRawBufferPointer(rebasing: bytes[...end]))
        hasPassedPart = false
        try keep(UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...]), sink)
    }

    /// What is kept is whole, or the rest of it comes at once.
    mutating func flush(_ sink: DumpFeed.Sink) throws(BackupError) {
        guard !kept.isEmpty else { return }
        let result = kept.withUnsafeBytes { raw in Result { () throws(BackupError) in try sink(raw) } }
        kept.removeAll(keepingCapacity: true)
        try result.get()
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ sink: DumpFeed.Sink) throws(BackupError) {
        kept.append(contentsOf: bytes)
        guard kept.count > Self.most else { return }
        try flush(sink)
        hasPassedPart = true
    }
}
