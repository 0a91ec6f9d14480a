/// How many of something, as every view and message says it.
package enum CountText {
    /// `1 backup`, `2 backups`, `0 backups`. For nouns that add an s.
    package static func of(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
