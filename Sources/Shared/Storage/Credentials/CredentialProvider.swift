package import Domain

/// Where credentials come from. Calls may block (they may ask a service); safe from several threads.
package protocol CredentialProvider: Sendable {
    /// Credentials that are valid now. With `rejected`, other ones than those when there are any: the store said that
    /// they ran out. Throws `.configuration` when there are none and `.storageUnavailable` when a service that has
    /// them does not answer.
    func credentials(replacing rejected: Credentials?) throws(BackupError) -> Credentials
}

/// The same credentials for ever.
package struct StaticCredentials: CredentialProvider {
    private let value: Credentials

    package init(_ value: Credentials) { self.value = value }

    package func credentials(replacing rejected: Credentials?) throws(BackupError) -> Credentials { value }
}
