package import Domain

/// A value of the configuration that may stand elsewhere: `env:NAME` in the environment, `file:PATH` in a file.
///
/// It is looked up when the configuration is read; that it is not there is an error only for who needs it.
package enum Secret: Sendable, Equatable {
    /// Stands in the configuration itself.
    case inline(String)
    /// Was found in the environment or in a file.
    case elsewhere(String)
    /// It is not where it should be: what to say about that, with file, line and key.
    case missing(String)

    /// The value. Throws `.configuration` when it is missing.
    package func text() throws(BackupError) -> String {
        switch self {
        case .inline(let text), .elsewhere(let text): return text
        case .missing(let words): throw BackupError(.configuration, words)
        }
    }
}
