import Synchronization

/// What a tool warned of though it ended well: of what it did, and what it left out (`pg_dump: warning: subscriptions not dumped …`).
final class ToolWarnings: Sendable {
    private static let most = 20
    private static let longest = 500
    private let found = Mutex<[String]>([])

    /// `words` is the whole of what it wrote to its standard error.
    func take(_ words: String) {
        let lines = words.split(whereSeparator: \.isNewline).filter { line in
            line.firstMatch(of: /^(?:[a-z_]+: warning: |WARNING:)/) != nil
        }
        found.withLock {
            $0 += lines.prefix(Self.most - min(Self.most, $0.count)).map { String($0.prefix(Self.longest)) }
        }
    }

    var words: [String] { found.withLock { $0 } }
}
