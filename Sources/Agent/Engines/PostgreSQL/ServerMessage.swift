/// One line in which psql (told `VERBOSITY=verbose`) says what the server answered: an error, or a remark.
struct ServerMessage: Error, CustomStringConvertible, Sendable, Equatable {
    /// SQLSTATE: the same whatever language the server speaks.
    let code: String
    let text: String
    let isRemark: Bool

    init?(_ line: some StringProtocol) {
        guard let match = String(line).wholeMatch(of: #/(?s)psql:.*?:\d+: ([^:]+):  ([0-9A-Z]{5}): (.*)/#) else {
            return nil
        }
        (code, text) = (String(match.2), String(match.3))
        isRemark =
            ["NOTICE", "WARNING", "INFO", "LOG", "DEBUG"].contains(match.1)
            // In another language the class alone tells; an error may have any.
            || (!["ERROR", "FATAL", "PANIC"].contains(match.1) && ["00", "01", "02"].contains(match.2.prefix(2)))
    }

    /// The errors among what psql wrote.
    static func errors(in words: String) -> [ServerMessage] {
        // By scalars: a line that ends in CR is one, too.
        words.unicodeScalars.split(separator: "\n").compactMap { Self(String($0)) }.filter { !$0.isRemark }
    }

    var description: String { "\(text) (\(code))" }
}
