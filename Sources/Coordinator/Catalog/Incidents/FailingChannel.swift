package import Foundation

/// A channel that does not take its messages.
package struct FailingChannel: Sendable, Equatable {
    package let channel: String
    /// How many messages wait for it.
    package let waiting: Int
    /// How many were given up since it took the last one.
    package let lost: Int
    /// When the oldest of all these was made.
    package let since: Date
    /// What was said at the last refusal; holds no secret.
    package let reason: String
}
