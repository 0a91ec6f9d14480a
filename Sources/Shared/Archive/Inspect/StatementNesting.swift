/// Whether a `;` ends the statement that it stands in, as `psql` sees it (its `psqlscan.l`): not within parentheses, and not
/// between `BEGIN` and `END` of a function whose body is SQL. Who took such a `;` for an end would take what follows, which
/// `psql` still reads, for the data of a table.
struct StatementNesting {
    private var parentheses = 0
    private var blocks = 0
    /// First letters of the statement's first four words, as far as they may begin such a function.
    private var beginning: [UInt8] = []
    private var words = 0
    /// The word that is being read, in lower case; longer ones matter to nobody.
    private var word: [UInt8] = []
    private var wordLength = 0

    var mayEnd: Bool { parentheses == 0 && blocks == 0 }

    /// Takes the next byte of the statement that stands outside quotes and comments.
    mutating func take(_ byte: UInt8) {
        if isNameByte(byte) {
            wordLength += 1
            if wordLength <= Self.longest { word.append(byte | 0x20) }
            return
        }
        endWord()
        switch byte {
        case UInt8(ascii: "("): parentheses += 1
        case UInt8(ascii: ")"): parentheses = max(0, parentheses - 1)
        default: break
        }
    }

    /// Something in quotes, or a comment, begins here.
    mutating func endWord() {
        defer { (word, wordLength) = ([], 0) }
        guard let first = word.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return }
        let isShort = wordLength <= Self.longest
        if words < 4 { beginning.append(isShort && Self.openers.contains(word) ? first : 0) }
        words += 1
        guard isShort, parentheses == 0, isRoutine else { return }
        if word == Self.begin || (word == Self.case && blocks > 0) { blocks += 1 }
        if word == Self.end { blocks = max(0, blocks - 1) }
    }

    private var isRoutine: Bool {
        func isKind(_ letter: UInt8) -> Bool { letter == UInt8(ascii: "f") || letter == UInt8(ascii: "p") }
        guard beginning.count > 1, beginning[0] == UInt8(ascii: "c") else { return false }
        if isKind(beginning[1]) { return true }
        return beginning.count > 3 && beginning[1] == UInt8(ascii: "o") && beginning[2] == UInt8(ascii: "r")
            && isKind(beginning[3])
    }

    private static let openers = ["create", "or", "replace", "function", "procedure"].map { Array($0.utf8) }
    private static let begin = Array("begin".utf8)
    private static let `case` = Array("case".utf8)
    private static let end = Array("end".utf8)
    private static let longest = 9
}
