import Domain

/// Leaves out of the beginning of a plain dump, made by a newer pg_dump than its server, the settings that the server, into
/// which it should return, does not know (pg_dump 17 sets `transaction_timeout`). Stock psql would stumble over them.
///
/// Only lines before the first object are looked at, each of which is a comment, a line for psql, or a setting.
struct PreambleFilter {
    private let settings: Set<String>
    private var line: [UInt8] = []
    private var isOver = false

    /// `settings` are the names of those that the server knows.
    init(knowing settings: Set<String>) { self.settings = settings }

    /// Takes the next bytes, and hands on those that stay.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        var position = 0
        while !isOver, position < bytes.count {
            let byte = bytes[position]
            position += 1
            line.append(byte)
            guard byte == UInt8(ascii: "\n") || line.count > 1024 else { continue }
            isOver = line.count > 1024 || !Self.isPreamble(line)
            if isOver || !isUnknown(line) { try send(sink) }
            line = []
        }
        if position < bytes.count { try sink(UnsafeRawBufferPointer(rebasing: bytes[position...])) }
    }

    /// There is no more.
    mutating func finish(_ sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        try send(sink)
        line = []
    }

    private func send(_ sink: (UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) {
        let result: Result<Void, BackupError> = line.withUnsafeBytes { raw in
            Result { () throws(BackupError) in try sink(raw) }
        }
        try result.get()
    }

    private func isUnknown(_ line: [UInt8]) -> Bool {
        guard case .setting(let name) = StatementKind(line, isTrusted: { _ in true }) else { return false }
        return !settings.contains(name)
    }

    private static func isPreamble(_ line: [UInt8]) -> Bool {
        line == [UInt8(ascii: "\n")]
            || ["--", "\\restrict ", "SET ", "SELECT pg_catalog.set_config("].contains { line.starts(with: $0.utf8) }
    }
}
