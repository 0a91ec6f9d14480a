import COpenSSL

/// A request for a certificate (PKCS#10). Only its public key counts: whoever sent it holds the private half, and what
/// else it asks for is ignored.
package struct CertificateSigningRequest: Hashable, Sendable {
    package let der: [UInt8]
    package let publicKey: PublicKey

    /// Makes a request, signed by the key, with an empty subject.
    package init(key: PrivateKey) throws(SealingError) {
        let doing = "making a certificate request"
        guard let request = X509_REQ_new() else { throw opensslFailure(doing) }
        defer { X509_REQ_free(request) }
        try key.withRaw { (raw) throws(SealingError) in
            guard X509_REQ_set_version(request, 0) == 1, X509_REQ_set_pubkey(request, raw) == 1,
                X509_REQ_sign(request, raw, EVP_sha256()) > 0
            else { throw opensslFailure(doing) }
        }
        var out: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509_REQ(request, &out)
        guard length > 0, let out else { throw opensslFailure(doing) }
        defer { CRYPTO_free(out, #file, #line) }
        der = Array(UnsafeBufferPointer(start: out, count: Int(length)))
        publicKey = key.publicKey
    }

    /// Reads a request from anywhere. Throws when it is not one, its key is not on P-256, or its signature is not by
    /// that key.
    package init(pem: String) throws(SealingError) {
        let doing = "reading a certificate request"
        let der = try PEM.block("CERTIFICATE REQUEST", in: pem)
        var consumed = 0
        let request = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            let request = d2i_X509_REQ(nil, &start, buffer.count)
            consumed = start.map { $0 - (buffer.baseAddress ?? $0) } ?? 0
            return request
        }
        guard let request else { throw opensslFailure(doing) }
        defer { X509_REQ_free(request) }
        guard consumed == der.count else { throw SealingError("\(doing): bytes after its end") }
        let raw = X509_REQ_get0_pubkey(request)
        publicKey = try PublicKey(checking: raw)
        guard X509_REQ_verify(request, raw) == 1 else {
            ERR_clear_error()
            throw SealingError("\(doing): it is not signed by its own key")
        }
        self.der = der
    }

    /// The request as it is sent.
    package func pem() throws(SealingError) -> String { try PEM.text("CERTIFICATE REQUEST", der) }
}
