package import Domain
package import Foundation

/// One place where credentials may be.
package protocol CredentialSource: Sendable {
    /// For messages: "the environment".
    var name: String { get }

    /// Nil when this place is not in use here. Throws when it is, and is wrong or does not answer.
    func load(now: Date) throws(BackupError) -> Credentials?
}

/// The environment of a process as sources see it: unset and empty are the same.
package struct Variables: Sendable {
    private let values: [String: String]

    package init(_ values: [String: String]) { self.values = values }

    package subscript(name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
