/// The certificate that the API serves with, and the CA that agents and operators trust.
package struct ServerIdentity: Sendable {
    package let certificatePEM: String
    /// A secret.
    package let keyPEM: String
    package let caPEM: String
}

/// What `holdfast init` made. The token is shown once and stored only hashed.
package struct InitialisationResult: Sendable {
    package let caPEM: String
    /// 64 hex digits: SHA-256 of the CA certificate's DER.
    package let caSha256: String
    /// `hft_<id>_<secret>` with the role admin.
    package let adminToken: String
    /// The copy that it was made from, by its key or path; nil where it was none.
    package var copy: String?
}
