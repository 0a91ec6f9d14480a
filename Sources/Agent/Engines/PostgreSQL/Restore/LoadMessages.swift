import Domain
import Synchronization
import Threads

/// What psql says while it loads a dump, read as it comes: which statements failed and why, and the answers to our own
/// questions in between.
final class LoadMessages: Sendable {
    /// The answer to the question that was asked last; nil when psql has gone.
    let answers: BoundedQueue<String>
    /// What our answers begin with: random, so that no dump can give one.
    private let token: String

    private struct State {
        var line: [UInt8] = []
        var failures: [LoadFailure] = []
        var more = 0
    }
    private let state = Mutex(State())

    private static let most = 50
    private static let longestLine = 4096

    init(token: String, stop: StopSignal) {
        self.token = token
        answers = BoundedQueue(capacity: 4, stop: stop)
    }

    /// What failed so far, the first ones, and how many more there are.
    var failures: (first: [LoadFailure], more: Int) { state.withLock { ($0.failures, $0.more) } }

    /// How many failed so far; what comes from here on can be taken back.
    var mark: Int { state.withLock { $0.failures.count + $0.more } }

    /// Takes back what failed since `mark`, and answers with it; nil when it is more than is kept, and so stays.
    func takeBack(since mark: Int) -> [LoadFailure]? {
        state.withLock { state in
            guard state.more == 0, mark <= state.failures.count else { return nil }
            defer { state.failures.removeSubrange(mark...) }
            return Array(state.failures[mark...])
        }
    }

    /// Throws the first one, if there is one.
    func refuseFailures() throws(BackupError) {
        guard let first = failures.first.first else { return }
        throw BackupError(
            .sourceRefused, "nothing was restored, since not all of it can be: \(LoadFailure.words(of: [first])[0])")
    }

    /// Of something that was not even tried.
    func note(_ failure: LoadFailure) { state.withLock { Self.add(failure, &$0) } }

    /// The next bytes of standard error; nil at its end.
    func take(_ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else { return answers.close() }
        for piece in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0 { endLine() }
            state.withLock {
                $0.line.append(
                    contentsOf: piece.element.prefix(Self.longestLine - min(Self.longestLine, $0.line.count)))
            }
        }
    }

    private func endLine() {
        let line = state.withLock { state in
            defer { state.line = [] }
            return SQLText.shown(state.line)
        }
        if line.hasPrefix(token + " ") {
            _ = answers.push(String(line.dropFirst(token.count + 1)))
        } else if let message = ServerMessage(line) {
            guard !message.isRemark else { return }
            note(
                LoadFailure(
                    what: nil, code: message.code, reason: Self.withoutContents(message.text, message.code)))
        } else if let match = line.prefixMatch(of: #/(?:psql:<stdin>:\d+: )?STATEMENT:  /#) {
            // Only its beginning: further on there may be a password.
            let text = line[match.range.upperBound...].prefix { $0 != "'" && $0 != "(" && $0 != "$" }
            state.withLock { state in
                guard let last = state.failures.indices.last, state.failures[last].what == nil, state.more == 0,
                    state.failures[last].code != Self.noSQL
                else { return }
                let statement = String(text.prefix(120)).trimmingSuffix { $0.isWhitespace }
                state.failures[last].what =
                    statement.hasPrefix("COPY ") ? "COPY, rows of \(statement.dropFirst(5))" : statement
            }
        }
    }

    /// What is no SQL is no statement either, but whatever file was taken for a dump.
    private static let noSQL = "42601"

    /// The coordinator, which is told of this, may not know what it had read: where the server quotes the text itself (no SQL) or a
    /// value of a row (class 22, data that does not fit), that is left out.
    private static func withoutContents(_ reason: String, _ code: String) -> String {
        guard code == noSQL || code.hasPrefix("22"), let quote = reason.firstIndex(of: "\"") else { return reason }
        return reason[..<quote] + "…"
    }

    private static func add(_ failure: LoadFailure, _ state: inout State) {
        if state.failures.count < most { state.failures.append(failure) } else { state.more += 1 }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isOver: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, isOver(last) { text.removeLast() }
        return String(text)
    }
}
