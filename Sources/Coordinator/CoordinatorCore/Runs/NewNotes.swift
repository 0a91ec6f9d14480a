/// What is noted of a backup and was not of the one before.
enum NewNotes {
    private static let most = 10

    /// Numbers do not count: one row more of what is known is no news.
    static func of(_ notes: [String], since before: [String]) -> [String] {
        let known = Set(before.map(withoutNumbers))
        return Array(notes.filter { !known.contains(withoutNumbers($0)) }.prefix(most))
    }

    private static func withoutNumbers(_ text: String) -> String { text.replacing(/[0-9]+/, with: "0") }
}
