/// What stock tools do with the decoded stream of an object (P7).
package enum StockRestore: Sendable, Equatable {
    /// A command of the shell that reads it from standard input, such as `psql inventorysync`.
    case command(String)
    /// It is a file as it stands, to be kept under this name.
    case file(String)
}
