/// Reads the SQL of a dump between the tables' data, chunk by chunk, as `psql` reads it: where statements begin and end, in
/// strings, names, bodies and comments, and what `psql` would take for a command of its own.
///
/// A backslash outside of all these begins such a command, wherever it stands, and commands can run programs. pg_dump
/// writes one pair only, `\restrict KEY` and `\unrestrict KEY`, each a line of its own between statements (since 15.14, 16.10
/// and 17.6); everything else is an intrusion. Strings are read as with `standard_conforming_strings` on: PostgreSQL's
/// tools double every quote and (with that setting off) every backslash in them, so that for their dumps both readings agree.
package struct StatementScanner {
    /// Why ``scan(_:from:)`` stopped.
    package enum Stop: Equatable {
        /// The bytes are used up.
        case more
        /// A statement ends here, its `;` included.
        case statement
        /// The data of a COPY begins here.
        case data
        /// What begins here is none of pg_dump's; ``intrusion`` says what.
        case intrusion
    }

    private enum State {
        /// In a statement, or between two.
        case plain
        case lineComment, blockComment
        case string, quotedName
        /// A string with backslash escapes.
        case escapeString
        /// `$` and the letters behind it, which may begin a body; and the body.
        case dollarTag, dollarBody
        /// A line for `psql`.
        case command
        /// The rest of the line on which a `COPY … FROM stdin;` ended.
        case copyHeader
    }

    private(set) var completion: DumpCompletion
    /// What the dump has that pg_dump does not write, in words; nil when it has nothing of the kind so far.
    package private(set) var intrusion: String?
    private var state = State.plain
    private var previous = UInt8(ascii: "\n")
    /// Bytes of the statement so far; 0 between statements.
    private var statementLength = 0
    private var wordLength = 0
    private var nesting = StatementNesting()
    private var dashBeganLine = false
    private var copyStatement = CopyStatement()
    private var copyName: [UInt8]?
    /// The comment or command line, as far as it matters.
    private var line: [UInt8] = []
    private var blockComment = BlockCommentEnd()
    private var escapeString = EscapeStringEnd()
    private var dollarQuote = DollarQuote()

    /// `completion` is the line that the tool ends a whole dump with.
    package init(expecting completion: DumpCompletion.Line) { self.completion = DumpCompletion(expecting: completion) }

    /// Takes bytes from `start` on, and says where it stopped and why.
    package mutating func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (position: Int, stop: Stop) {
        var position = start
        while position < bytes.count, intrusion == nil {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            switch state {
            case .plain:
                let (length, isEnd) = scanPlain(rest)
                position += length
                if intrusion == nil, isEnd, state == .plain { return (position, .statement) }
            case .lineComment, .command: position += scanLine(rest)
            case .string: position += scanQuoted(rest, end: UInt8(ascii: "'"))
            case .quotedName: position += scanQuoted(rest, end: UInt8(ascii: "\""))
            case .escapeString:
                position += leave(at: escapeString.find(in: rest), of: rest, previous: UInt8(ascii: "'"))
            case .blockComment: position += leave(at: blockComment.find(in: rest), of: rest, previous: 0)
            case .dollarTag: position += scanDollarTag(rest)
            case .dollarBody: position += leave(at: dollarQuote.findEnd(in: rest), of: rest, previous: 0)
            case .copyHeader:
                guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return (bytes.count, .more) }
                (state, previous) = (.plain, UInt8(ascii: "\n"))
                return (position + end + 1, .data)
            }
        }
        return (position, intrusion == nil ? .more : .intrusion)
    }

    /// The name, in the dump's encoding, of the table whose data begins where ``scan(_:from:)`` stopped, once.
    package mutating func takeCopyName() -> [UInt8]? {
        defer { copyName = nil }
        return copyName
    }

    /// Nil when the end of the input is the end of a statement and of a line.
    package var reasonNotAtEnd: String? {
        switch state {
        case .plain where statementLength == 0:
            previous == UInt8(ascii: "\n") ? nil : "it ends within a line"
        case .lineComment, .command: "it ends within a line"
        default: "it ends within a statement"
        }
    }

    /// Nil when what came ends as the tool ends it.
    package var reasonIncomplete: String? { completion.reasonIncomplete }

    /// Says how many bytes were taken, and whether the last of them ended a statement.
    private mutating func scanPlain(_ bytes: UnsafeRawBufferPointer) -> (Int, isEnd: Bool) {
        for (offset, byte) in bytes.enumerated() {
            defer { previous = byte }
            if byte == UInt8(ascii: "\\") {
                guard statementLength == 0, previous == UInt8(ascii: "\n") else {
                    intrusion = #"a backslash outside of quotes, which begins a command of psql's own"#
                    return (offset, false)
                }
                (state, line) = (.command, [byte])
                return (offset + 1, false)
            }
            if statementLength == 0, isSpace(byte) { continue }
            if startsComment(byte) { return (offset + 1, false) }
            statementLength += 1
            copyStatement.take(byte)
            if startsQuoted(byte) { return (offset + 1, false) }
            nesting.take(byte)
            wordLength = isNameByte(byte) ? wordLength + 1 : 0
            if byte == UInt8(ascii: "-") { dashBeganLine = statementLength == 1 && previous == UInt8(ascii: "\n") }
            if byte == UInt8(ascii: ";"), nesting.mayEnd {
                endStatement()
                return (offset + 1, true)
            }
        }
        return (bytes.count, false)
    }

    /// Whether this byte makes a comment of itself and the one before, which is then no part of the statement.
    private mutating func startsComment(_ byte: UInt8) -> Bool {
        guard statementLength > 0 else { return false }
        switch (previous, byte) {
        case (UInt8(ascii: "-"), UInt8(ascii: "-")): (state, line) = (.lineComment, [byte, byte])
        case (UInt8(ascii: "/"), UInt8(ascii: "*")): (state, blockComment) = (.blockComment, BlockCommentEnd())
        default: return false
        }
        statementLength -= 1
        if statementLength == 0 { copyStatement = CopyStatement() }
        return true
    }

    private mutating func startsQuoted(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "'") where wordLength == 1 && previous | 0x20 == UInt8(ascii: "e"):
            (state, escapeString) = (.escapeString, EscapeStringEnd())
        case UInt8(ascii: "'"): state = .string
        case UInt8(ascii: "\""): state = .quotedName
        case UInt8(ascii: "$") where wordLength == 0: (state, dollarQuote) = (.dollarTag, DollarQuote())
        default: return false
        }
        wordLength = 0
        nesting.endWord()
        return true
    }

    private mutating func endStatement() {
        completion.statement()
        copyName = copyStatement.tableName
        copyStatement = CopyStatement()
        statementLength = 0
        nesting = StatementNesting()
        if copyName != nil { state = .copyHeader }
    }

    private mutating func scanLine(_ bytes: UnsafeRawBufferPointer) -> Int {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        let limit = state == .command ? DumpCompletion.longestCommand : DumpCompletion.longestComment
        line.append(contentsOf: bytes[..<(end ?? bytes.count)].prefix(max(0, limit - line.count)))
        guard let end else { return bytes.count }
        if state == .command {
            intrusion = completion.command(line)
            if intrusion != nil { return 0 }
        } else if statementLength == 0 && dashBeganLine {
            completion.comment(line)
        }
        (state, previous) = (.plain, UInt8(ascii: "\n"))
        return end + 1
    }

    /// A doubled quote ends a string and begins the next, which comes to the same.
    private mutating func scanQuoted(_ bytes: UnsafeRawBufferPointer, end quote: UInt8) -> Int {
        let length = bytes.firstIndex(of: quote).map { $0 + 1 }
        copyStatement.take(contentsOf: bytes[..<(length ?? bytes.count)])
        guard let length else { return bytes.count }
        (state, previous) = (.plain, quote)
        return length
    }

    private mutating func scanDollarTag(_ bytes: UnsafeRawBufferPointer) -> Int {
        for (offset, byte) in bytes.enumerated() {
            switch dollarQuote.takeTag(byte) {
            case .more: continue
            case .opened: state = .dollarBody
            case .isNoTag:  // a parameter such as $1: this byte is SQL again
                (state, previous, wordLength) = (.plain, 0, 1)
                return offset
            }
            return offset + 1
        }
        return bytes.count
    }

    /// Back to plain SQL behind `end`, if it was found.
    private mutating func leave(at end: Int?, of bytes: UnsafeRawBufferPointer, previous: UInt8) -> Int {
        guard let end else { return bytes.count }
        (state, self.previous) = (.plain, previous)
        return end
    }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

/// Whether `byte` can stand within a name without quotes.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...,
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"):
        true
    default: false
    }
}
