/// What went wrong, in a form that a program can act on: a stable code, a message for people, and what lay beneath.
///
/// Modules below keep small errors of their own; the layer that knows the meaning turns them into this, once.
/// Messages are lower case, without a full stop, say what was being done, and never carry a secret (P9).
package struct BackupError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable, Codable {
        /// The command line or a request is wrong; another try will not help.
        case usage
        /// A file of settings, an environment variable or a policy is wrong.
        case configuration
        /// The database, its server or its tools cannot be reached or refuse for now.
        case sourceUnavailable
        /// The database or its tool refuses for good: wrong password, unknown database, too old a tool.
        case sourceRefused
        /// A destination cannot be reached or answers "later".
        case storageUnavailable
        /// A destination refuses for good: no rights, no bucket, no space.
        case storageRefused
        /// The name is taken; what lies there was not touched.
        case exists
        /// What was asked for is not there.
        case notFound
        /// Bytes are not what they must be: cut, changed, incomplete.
        case integrity
        /// The peer is not who it must be, or may not do this.
        case forbidden
        /// The coordinator or a peer cannot be reached.
        case unreachable
        /// Someone asked to stop, or time ran out.
        case cancelled
        /// Something else holds what is needed.
        case busy
        /// A fault of Holdfast itself.
        case bug
    }

    package let code: Code
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, followed by what lay beneath.
    package var description: String { cause.map { "\(message): \($0)" } ?? message }
}

extension BackupError.Code {
    /// Whether the same thing may succeed a little later on the same host.
    package var isWorthRetrying: Bool {
        switch self {
        case .sourceUnavailable, .storageUnavailable, .unreachable, .busy: true
        case .usage, .configuration, .sourceRefused, .storageRefused, .exists, .notFound, .integrity, .forbidden,
            .cancelled, .bug:
            false
        }
    }
}
