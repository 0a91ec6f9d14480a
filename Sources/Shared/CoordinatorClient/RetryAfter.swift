package import Domain

/// "Ask again, but not before": what the coordinator said with a 429 or a 503. It is the cause of the error that is thrown.
package struct RetryAfter: Error, Sendable, Equatable, CustomStringConvertible {
    /// 0 to 3600.
    package let seconds: Int

    package init(seconds: Int) { self.seconds = min(max(seconds, 0), 3600) }

    package var description: String { "it asks to be left alone for \(seconds) s" }
}

extension BackupError {
    /// For how long the coordinator asked to be left alone, in seconds; nil when it did not say.
    package var retryAfterSeconds: Int? { (cause as? RetryAfter)?.seconds }
}
