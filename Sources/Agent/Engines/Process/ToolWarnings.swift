import Synchronization

/// What a tool warned of though it ended well: of what it did, and what it left out (`pg_dump: warning: subscriptions not dumped …`).
final class ToolWarnings: Sendable {
    private static let most = 20
    private static let longest = 500
    private let found = Mutex<[String]>([])

    /// `words` is the whole of what it wrote to its standard error.
    func take(_ words: String) {
        let lines = words.split(whereSeparator: \.isNewline).compactMap(Self.warning)
        found.withLock { found in
            found += lines.prefix(Self.most - min(Self.most, found.count))
            if lines.count > Self.most { found.append("and more warnings of that tool") }
        }
    }

    /// What the server itself says may be anybody's text: of that only what is known.
    private static func warning(_ line: Substring) -> String? {
        if line.firstMatch(of: #/^[a-z_]+: warning: /#) != nil { return String(line.prefix(longest)) }
        guard line.contains("has a collation version mismatch") else { return nil }
        return
            "the database has a collation version mismatch: REINDEX what depends on its order, then ALTER DATABASE … REFRESH "
            + "COLLATION VERSION"
    }

    var words: [String] { found.withLock { $0 } }
}
