package import Domain

/// Follows an engine's output as it flows by, and says at the end whether it is whole and what is in it.
///
/// Used by one thread. The bytes come in order, cut anywhere.
package protocol Inspector: AnyObject {
    /// The next bytes, valid only during the call. What is wrong with them is said by ``finish()``.
    func consume(_ bytes: UnsafeRawBufferPointer)

    /// The output is over. Throws `.integrity` when it is not complete.
    func finish() throws(BackupError) -> Inspection
}

/// What an ``Inspector`` found in a complete output.
package struct Inspection: Sendable, Equatable {
    /// The tables of a plain dump, in the dump's order, or of a SQLite file.
    package var tables: [TableFingerprint]
    /// The members of a tar; nil for other formats.
    package var entries: Int64?

    /// Whether ``tables`` says what there is, or nothing.
    package var knowsTables: Bool

    /// What is to be known of it beside that it is complete, in words, one for each.
    package var notes: [String]

    /// Without tables nothing is said of them.
    package init(tables: [TableFingerprint]? = nil, entries: Int64? = nil, notes: [String] = []) {
        self.notes = notes
        self.tables = tables ?? []
        knowsTables = tables != nil
        self.entries = entries
    }
}
