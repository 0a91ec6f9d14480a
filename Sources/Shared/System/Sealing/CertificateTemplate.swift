import COpenSSL
import Foundation

/// What a certificate that we make shall say. Extensions are given in DER.
struct CertificateTemplate {
    struct Extension {
        let nid: Int32
        let isCritical: Bool
        let value: [UInt8]
    }

    let commonName: String
    let publicKey: PublicKey
    let notBefore: Date
    let notAfter: Date
    let extensions: [Extension]

    /// Makes and signs it, with a random serial number of 128 bits. Without an issuer it is self-signed.
    func signed(by key: PrivateKey, issuer: Certificate?) throws(SealingError) -> Certificate {
        let doing = "making a certificate"
        guard let certificate = X509_new() else { throw opensslFailure(doing) }
        defer { X509_free(certificate) }
        guard X509_set_version(certificate, 2) == 1 else { throw opensslFailure(doing) }
        try setSerial(certificate)
        try setNames(certificate, issuer: issuer)
        try setTimes(certificate)
        try setKey(certificate)
        for value in extensions { try add(value, to: certificate) }
        try key.withRaw { (raw) throws(SealingError) in
            guard X509_sign(certificate, raw, EVP_sha256()) > 0 else { throw opensslFailure(doing) }
        }
        var out: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509(certificate, &out)
        guard length > 0, let out else { throw opensslFailure(doing) }
        defer { CRYPTO_free(out, #file, #line) }
        return try Certificate(der: Array(UnsafeBufferPointer(start: out, count: Int(length))))
    }

    private func setSerial(_ certificate: OpaquePointer) throws(SealingError) {
        let bytes = try randomBytes(16)
        guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else {
            throw opensslFailure("making a serial number")
        }
        defer { BN_free(number) }
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil else {
            throw opensslFailure("making a serial number")
        }
    }

    private func setNames(_ certificate: OpaquePointer, issuer: Certificate?) throws(SealingError) {
        guard (1...64).contains(commonName.utf8.count), !commonName.utf8.contains(0) else {
            throw SealingError("the common name of a certificate must be 1 to 64 bytes")
        }
        let name = X509_get_subject_name(certificate)
        let text = Array(commonName.utf8)
        guard
            X509_NAME_add_entry_by_NID(name, NID_commonName, copenssl_utf8, text, Int32(text.count), -1, 0) == 1
        else { throw opensslFailure("naming a certificate") }
        let issuerRaw = try issuer.map { (issuer) throws(SealingError) in try RawCertificate(issuer.der) }
        // X509_set_issuer_name copies, so the issuer need only live for the call.
        let isSet = withExtendedLifetime(issuerRaw) {
            X509_set_issuer_name(certificate, X509_get_subject_name(issuerRaw?.raw ?? certificate))
        }
        guard isSet == 1 else { throw opensslFailure("naming a certificate") }
    }

    private func setTimes(_ certificate: OpaquePointer) throws(SealingError) {
        guard let from = Int(exactly: notBefore.timeIntervalSince1970.rounded(.down)),
            let to = Int(exactly: notAfter.timeIntervalSince1970.rounded(.down)),
            ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nil,
            ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nil
        else { throw opensslFailure("setting a certificate's times") }
    }

    private func setKey(_ certificate: OpaquePointer) throws(SealingError) {
        let raw = try publicKey.makeRaw()
        defer { EVP_PKEY_free(raw) }
        guard X509_set_pubkey(certificate, raw) == 1 else { throw opensslFailure("setting a certificate's key") }
    }

    private func add(_ value: Extension, to certificate: OpaquePointer) throws(SealingError) {
        let doing = "extending a certificate"
        guard let octets = ASN1_OCTET_STRING_new() else { throw opensslFailure(doing) }
        defer { ASN1_OCTET_STRING_free(octets) }
        guard ASN1_OCTET_STRING_set(octets, value.value, Int32(value.value.count)) == 1,
            let made = X509_EXTENSION_create_by_NID(nil, value.nid, value.isCritical ? 1 : 0, octets)
        else { throw opensslFailure(doing) }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(certificate, made, -1) == 1 else { throw opensslFailure(doing) }
    }
}

extension CertificateTemplate.Extension {
    /// May this certificate sign others? Then no further authority below it.
    static func basicConstraints(isAuthority: Bool) -> Self {
        let content: [[UInt8]] = isAuthority ? [[0x01, 0x01, 0xff], [0x02, 0x01, 0x00]] : []
        return Self(nid: NID_basic_constraints, isCritical: true, value: DER.sequence(content))
    }

    /// digitalSignature, which is all that a TLS 1.3 peer needs.
    static let signingUsage = Self(nid: NID_key_usage, isCritical: true, value: [0x03, 0x02, 0x07, 0x80])

    /// keyCertSign and cRLSign.
    static let authorityUsage = Self(nid: NID_key_usage, isCritical: true, value: [0x03, 0x02, 0x01, 0x06])

    /// serverAuth or clientAuth of RFC 5280, 4.2.1.12: 1.3.6.1.5.5.7.3.x.
    static func purpose(isServer: Bool) -> Self {
        let oid: [UInt8] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, isServer ? 0x01 : 0x02]
        return Self(nid: NID_ext_key_usage, isCritical: false, value: DER.sequence([oid]))
    }

    /// Names of RFC 5280, 4.2.1.6, each already tagged.
    static func alternativeNames(_ names: [[UInt8]]) -> Self {
        Self(nid: NID_subject_alt_name, isCritical: false, value: DER.sequence(names))
    }

    /// The first 160 bits of the SHA-256 of the key (RFC 7093, section 2, method 4: over the whole SubjectPublicKeyInfo).
    static func subjectKeyIdentifier(_ key: PublicKey) -> Self {
        Self(nid: NID_subject_key_identifier, isCritical: false, value: DER.octets(Array(sha256(key.spki).prefix(20))))
    }

    static func authorityKeyIdentifier(_ identifier: [UInt8]) -> Self {
        Self(
            nid: NID_authority_key_identifier, isCritical: false,
            value: DER.sequence([DER.tagged(0, identifier)]))
    }
}
