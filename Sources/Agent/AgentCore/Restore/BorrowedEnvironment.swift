import Foundation

/// The environment of a command that a person runs by hand on a database host: the shell's own, and what it lacks from the agent's.
package struct BorrowedEnvironment: Sendable, Equatable {
    package let variables: [String: String]
    /// The credentials for object stores are the agent's.
    package let borrowsCredentials: Bool

    /// What says who somebody is at an object store: of two sources, parts of both fit nowhere.
    private static let credentials: Set = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ]

    /// `agents` are the variables of the agent's environment file; `sharedFiles` says that this user has a file of credentials in
    /// the usual place.
    package init(own: [String: String], agents: [String: String], sharedFiles: Bool) {
        let mine = own.filter { !$0.value.isEmpty }
        let hasOwn = sharedFiles || mine.keys.contains(where: Self.credentials.contains)
        let borrowed = agents.filter { name, value in
            !value.isEmpty && !(hasOwn && Self.credentials.contains(name)) && name != "HOME" && name != "PATH"
        }
        variables = own.merging(borrowed) { mine, theirs in mine.isEmpty ? theirs : mine }
        borrowsCredentials = !hasOwn && borrowed.keys.contains(where: Self.credentials.contains)
    }

    /// Whether this user has a file of credentials in the usual place.
    package static func hasSharedFiles(home: String?) -> Bool {
        guard let home else { return false }
        return ["credentials", "config"].contains {
            FileManager.default.fileExists(atPath: "\(home)/.aws/\($0)")
        }
    }
}
