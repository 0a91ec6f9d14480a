import COpenSSL
package import Foundation

/// One X.509 certificate, read and checked for shape; whom it may be trusted for is the caller's question.
package struct Certificate: Hashable, Sendable {
    package let der: [UInt8]
    /// SHA-256 of ``der`` in hexadecimal.
    package let fingerprint: String
    /// SHA-256 of the SubjectPublicKeyInfo in hexadecimal, whatever kind of key it is.
    package let keyFingerprint: String
    /// The SubjectPublicKeyInfo in DER, whatever kind of key it is.
    package let spki: [UInt8]
    /// The serial number in hexadecimal, without a sign.
    package let serial: String
    package let notBefore: Date
    package let notAfter: Date
    /// The subject's alternative names of kind URI, in their order.
    package let uris: [String]
    /// The subject's alternative names of kind DNS, in their order.
    package let dnsNames: [String]
    /// What the extended key usage allows; empty when the extension is missing.
    package let purposes: [KeyPurpose]
    /// Whether it may sign certificates.
    package let isAuthority: Bool

    /// Reads exactly one certificate.
    package init(pem: String) throws(SealingError) {
        try self.init(der: PEM.block("CERTIFICATE", in: pem))
    }

    /// Reads exactly one certificate, from anywhere: any input ends in a value or an error.
    package init(der: [UInt8]) throws(SealingError) {
        let parsed = try RawCertificate(der)
        self.der = der
        fingerprint = hex(sha256(der))
        spki = try parsed.spki()
        keyFingerprint = hex(sha256(spki))
        serial = parsed.serial()
        notBefore = try parsed.notBefore()
        notAfter = try parsed.notAfter()
        (uris, dnsNames) = try parsed.alternativeNames()
        purposes = try parsed.purposes()
        isAuthority = parsed.isAuthority()
    }

    /// Reads every certificate of a bundle, at least one.
    package static func bundle(pem: String) throws(SealingError) -> [Certificate] {
        var all: [Certificate] = []
        for der in try PEM.blocks("CERTIFICATE", in: pem) { all.append(try Certificate(der: der)) }
        return all
    }

    /// The certificate as one PEM block.
    package func pem() throws(SealingError) -> String { try PEM.text("CERTIFICATE", der) }

    /// The id of the agent that it names: the one URI of the form `urn:uuid:…`. Nil for anything else, more URIs included.
    package var agentID: UUID? {
        guard uris.count == 1, let uri = uris.first, uri.hasPrefix(Self.agentPrefix) else { return nil }
        return UUID(uuidString: String(uri.dropFirst(Self.agentPrefix.count)))
    }

    static let agentPrefix = "urn:uuid:"

    /// Whether its time has come and has not run out.
    package func isValid(at now: Date) -> Bool { notBefore <= now && now <= notAfter }

    /// Whether this authority made it: the names and key identifiers fit and the signature is by its key. Says nothing
    /// about time or revocation.
    package func isIssued(by authority: Certificate) -> Bool {
        // Both were read once already; should memory have run out since, "not issued" is the safe answer.
        guard authority.isAuthority, let issuer = try? RawCertificate(authority.der),
            let mine = try? RawCertificate(der)
        else { return false }
        return mine.isSigned(by: issuer)
    }
}

/// What a certificate may be used for.
package enum KeyPurpose: Hashable, Sendable {
    case serverAuthentication, clientAuthentication
    /// Any other, as a dotted object identifier.
    case other(String)
}
