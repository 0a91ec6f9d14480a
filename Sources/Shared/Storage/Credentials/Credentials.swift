package import Foundation

/// An access key. It never prints its secret, however it is printed.
package struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let accessKeyID: String
    package let secretAccessKey: String
    package let sessionToken: String?
    /// When they end; nil for never.
    package let expiresAt: Date?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiresAt: Date? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        // A token that is set to nothing is no token.
        self.sessionToken = sessionToken?.isEmpty == true ? nil : sessionToken
        self.expiresAt = expiresAt
    }

    package var description: String { "access key \(accessKeyID.prefix(4))…\(accessKeyID.suffix(4))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
