import Domain

/// Rows that could not be loaded where they stand in the dump, since they need rows that stand further down: a type that looks
/// up a table of its extension (pointcloud), a CHECK or a generated column that reads another table. pg_dump knows of no such
/// need, and puts tables in the order of their names.
///
/// Once all others are there they are read from the dump again: as often as that may bring in one of them.
struct LateRows {
    /// Hands out the whole dump once more, and throws at its end when the bytes are not what they must be.
    let dump: DecodedSource
    let messages: LoadMessages

    /// Rows that failed, as a `COPY`: a table that is loaded through the root of its partitions has several.
    private struct Late {
        /// Which of the dump's it is.
        let number: Int
        let copy: [UInt8]
        /// What kept it out.
        var failures: [LoadFailure]
        /// How many had been loaded then: as long as there are no more, it fares no otherwise.
        var loaded: Int
    }

    private var waiting: [Late] = []
    private var loaded = 0
    /// Of the dump's `COPY`s so far.
    private var count = 0
    private var current: [UInt8] = []
    private var mark = 0

    init(dump: @escaping DecodedSource, messages: LoadMessages) {
        self.dump = dump
        self.messages = messages
    }

    var isWaiting: Bool { !waiting.isEmpty }

    /// The next `COPY` comes, and psql has nothing else to do.
    mutating func begin(_ copy: ArraySlice<UInt8>) {
        count += 1
        current = Array(copy)
        mark = messages.mark
    }

    /// psql has loaded its rows, or has said why not.
    mutating func end() {
        guard messages.mark > mark else {
            loaded += 1
            return
        }
        guard let failures = messages.takeBack(since: mark) else { return }
        waiting.append(Late(number: count, copy: current, failures: failures, loaded: loaded))
    }

    /// Whether a statement belongs among the rows: all of them are in only when something else comes.
    static func isAmongRows(_ statement: ArraySlice<UInt8>) -> Bool {
        let tokens = SQLTokens(statement.prefix(256))
        return ["select", "set", "begin", "commit"].contains { tokens.begins($0) }
            || tokens.contains("large") && tokens.contains("object")
    }

    /// `settled` waits until psql has carried out all that it was given. What stays out is noted as failed.
    mutating func loadAgain(_ sink: DumpFeed.Sink, settled: () throws(BackupError) -> Void) throws(BackupError) {
        while waiting.contains(where: { $0.loaded < loaded }) { try pass(sink, settled) }
        for failure in waiting.flatMap(\.failures) { messages.note(failure) }
        waiting = []
    }

    private mutating func pass(
        _ sink: DumpFeed.Sink, _ settled: () throws(BackupError) -> Void
    ) throws(BackupError) {
        var cutter = DumpCutter()
        var number = 0
        var current: Int?
        // To its end, though the rest is not needed: only there it shows whether the bytes are the same as the first time.
        try dump { (bytes) throws(BackupError) in
            try cutter.take(bytes) { (piece) throws(BackupError) in
                switch piece {
                case .statement, .part: break
                case .rows(_, let copy):
                    number += 1
                    current = waiting.firstIndex { $0.number == number }
                    guard let current else { return }
                    // What was looked at the first time, and no other.
                    guard copy.elementsEqual(waiting[current].copy) else {
                        throw BackupError(.integrity, "the dump is another when it is read a second time")
                    }
                    mark = messages.mark
                    try Self.send(copy, sink)
                case .data(let rows): if current != nil { try sink(rows) }
                case .rowsEnd:
                    guard let index = current else { return }
                    current = nil
                    try settled()
                    note(index)
                }
            }
        }
    }

    private mutating func note(_ index: Int) {
        guard messages.mark > mark else {
            loaded += 1
            waiting.remove(at: index)
            return
        }
        waiting[index].failures = messages.takeBack(since: mark) ?? []
        waiting[index].loaded = loaded
    }

    private static func send(_ bytes: ArraySlice<UInt8>, _ sink: DumpFeed.Sink) throws(BackupError) {
        let result = bytes.withUnsafeBytes { raw in Result { () throws(BackupError) in try sink(raw) } }
        try result.get()
    }
}
