import COpenSSL
package import Foundation

/// The fleet's own certificate authority: one self-signed P-256 certificate and its key. Times are passed in.
package struct CertificateAuthority: Sendable {
    package let certificate: Certificate
    package let key: PrivateKey

    /// Clocks differ: what we sign has been valid for so long already.
    private static let allowance: TimeInterval = 5 * 60

    /// Makes a new authority. The common name is 1 to 64 bytes.
    package static func create(
        commonName: String, now: Date, validDays: Int = 3650
    ) throws(SealingError) -> CertificateAuthority {
        let key = try PrivateKey()
        let template = CertificateTemplate(
            commonName: commonName, publicKey: key.publicKey, notBefore: now - allowance,
            notAfter: now + (try duration(validDays)),
            extensions: [
                .basicConstraints(isAuthority: true), .authorityUsage, .subjectKeyIdentifier(key.publicKey),
            ])
        return try CertificateAuthority(certificate: template.signed(by: key, issuer: nil), key: key)
    }

    /// Loads an authority. Throws when the two do not belong together, or the certificate may not sign others.
    package init(certificatePEM: String, keyPEM: String) throws(SealingError) {
        try self.init(certificate: Certificate(pem: certificatePEM), key: PrivateKey(pem: keyPEM))
    }

    private init(certificate: Certificate, key: PrivateKey) throws(SealingError) {
        guard certificate.keyFingerprint == key.publicKey.fingerprint else {
            throw SealingError("the certificate authority's key does not belong to its certificate")
        }
        guard certificate.isIssued(by: certificate) else {
            throw SealingError(
                "the certificate authority's certificate may not sign certificates, or is not self-signed")
        }
        self.certificate = certificate
        self.key = key
    }

    /// A certificate for a server that is reached by these names, one at least.
    package func issueServer(
        names: [ServerName], publicKey: PublicKey, now: Date, days: Int
    ) throws(SealingError) -> Certificate {
        guard !names.isEmpty else { throw SealingError("a server certificate needs at least one name") }
        return try issue(
            commonName: "holdfast coordinator", publicKey, names: names.map(\.generalName), isServer: true, now, days)
    }

    /// A certificate for an agent: its id as `urn:uuid:`, client authentication only. From the request comes the key and
    /// nothing else; throws when the request does not prove that its sender holds that key.
    package func issueAgent(
        csrPEM: String, agentID: UUID, now: Date, days: Int = 90
    ) throws(SealingError) -> Certificate {
        let request = try CertificateSigningRequest(pem: csrPEM)
        let id = agentID.uuidString.lowercased()
        let uri = DER.tagged(6, Array((Certificate.agentPrefix + id).utf8))
        return try issue(commonName: id, request.publicKey, names: [uri], isServer: false, now, days)
    }

    /// The same, with the id as text; throws when it is not a UUID.
    package func issueAgent(
        csrPEM: String, agentID: String, now: Date, days: Int = 90
    ) throws(SealingError) -> Certificate {
        guard let id = UUID(uuidString: agentID) else { throw SealingError("an agent's id must be a UUID") }
        return try issueAgent(csrPEM: csrPEM, agentID: id, now: now, days: days)
    }

    private func issue(
        commonName: String, _ publicKey: PublicKey, names: [[UInt8]], isServer: Bool, _ now: Date, _ days: Int
    ) throws(SealingError) -> Certificate {
        guard certificate.isValid(at: now) else {
            throw SealingError("the certificate authority's own certificate is not valid at this time")
        }
        let identifier = try RawCertificate(certificate.der).subjectKeyIdentifier()
        let template = CertificateTemplate(
            commonName: commonName, publicKey: publicKey, notBefore: now - Self.allowance,
            // A chain ends with its shortest link; saying more would only mislead.
            notAfter: min(now + (try Self.duration(days)), certificate.notAfter),
            extensions: [
                .basicConstraints(isAuthority: false), .signingUsage, .purpose(isServer: isServer),
                .subjectKeyIdentifier(publicKey), .authorityKeyIdentifier(identifier), .alternativeNames(names),
            ])
        return try template.signed(by: key, issuer: certificate)
    }

    private static func duration(_ days: Int) throws(SealingError) -> TimeInterval {
        guard (1...36_500).contains(days) else { throw SealingError("a certificate's life must be 1 to 36500 days") }
        return TimeInterval(days) * 86_400
    }
}
