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
    /// Which of those that wait psql is being given now.
    private var sending: Int?
    /// Each reads the whole dump.
    private var passes = 0
    private static let mostPasses = 20

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
        guard failures.contains(where: Self.mayDependOnOthers) else { return failures.forEach(messages.note) }
        waiting.append(Late(number: count, copy: current, failures: failures, loaded: loaded))
    }

    /// No rows of other tables help against a value that is there twice, or a server that is full or going down.
    private static func mayDependOnOthers(_ failure: LoadFailure) -> Bool {
        !["23505", "53", "54", "57"].contains { failure.code.hasPrefix($0) }
    }

    /// Whether a statement belongs among the rows: all of them are in only when something else comes.
    static func isAmongRows(_ statement: ArraySlice<UInt8>) -> Bool {
        let tokens = SQLTokens(statement.prefix(256))
        return ["select", "set", "begin", "commit"].contains { tokens.begins($0) }
            || tokens.contains("large") && tokens.contains("object")
    }

    /// What psql is asked besides.
    typealias TakesRows = (ArraySlice<UInt8>) throws(BackupError) -> Bool
    typealias Settled = () throws(BackupError) -> Void

    /// `takesRows` says whether the server takes a `COPY` now, `settled` waits until psql has carried out all that it was given. What
    /// stays out is noted as failed.
    mutating func loadAgain(
        _ sink: DumpFeed.Sink, takesRows: TakesRows, settled: Settled
    ) throws(BackupError) {
        while passes < Self.mostPasses, waiting.contains(where: { $0.loaded < loaded }) {
            passes += 1
            do throws(BackupError) { try pass(sink, takesRows, settled) } catch {
                // Other bytes than the first time, or none at all any more.
                if [.integrity, .cancelled].contains(error.code) { throw error }
                try breakOff(sink, settled)
                passes = Self.mostPasses
                messages.note(
                    LoadFailure(
                        what: "what failed once", code: "",
                        reason: "it could not be tried again behind the other rows: \(error.message)"))
            }
        }
        giveUp()
    }

    private mutating func pass(
        _ sink: DumpFeed.Sink, _ takesRows: TakesRows, _ settled: Settled
    ) throws(BackupError) {
        var cutter = DumpCutter()
        var number = 0
        sending = nil
        // To its end, though the rest is not needed: only there it shows whether the bytes are the same as the first time.
        try dump { (bytes) throws(BackupError) in
            try cutter.take(bytes) { (piece) throws(BackupError) in
                switch piece {
                case .statement, .part: break
                case .rows(_, let copy):
                    number += 1
                    guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
                    // What was looked at the first time, and no other.
                    guard copy.elementsEqual(waiting[index].copy) else {
                        throw BackupError(.integrity, "the dump is another when it is read a second time")
                    }
                    mark = messages.mark
                    guard try takesRows(copy) else { return note(index) }
                    sending = index
                    try Self.send(copy, sink)
                case .data(let rows): if sending != nil { try sink(rows) }
                case .rowsEnd:
                    guard let index = sending else { return }
                    sending = nil
                    try settled()
                    note(index)
                }
            }
        }
    }

    /// Half of the rows must not be taken for all: a row of more columns than a table can have makes an error of them.
    private mutating func breakOff(_ sink: DumpFeed.Sink, _ settled: Settled) throws(BackupError) {
        guard sending != nil else { return }
        sending = nil
        try Self.send(Array("\n\(Self.noRow)\n\\.\n".utf8)[...], sink)
        try settled()
        _ = messages.takeBack(since: mark)
    }

    /// More columns than a table can have.
    static let noRow = String(repeating: "\t", count: 1700)

    /// What waits is not tried again, and noted as failed.
    mutating func giveUp() {
        for failure in waiting.flatMap(\.failures) { messages.note(failure) }
        waiting = []
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
