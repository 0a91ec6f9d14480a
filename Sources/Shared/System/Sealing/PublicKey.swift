import COpenSSL

/// A P-256 public key, known to lie on the curve. Two keys are the same when their SubjectPublicKeyInfo is.
package struct PublicKey: Hashable, Sendable {
    /// SubjectPublicKeyInfo in DER.
    package let spki: [UInt8]

    /// SHA-256 of ``spki`` in hexadecimal: what names a key in the catalog.
    package var fingerprint: String { hex(sha256(spki)) }

    /// Throws unless the key is on the named curve P-256.
    init(checking raw: OpaquePointer?) throws(SealingError) {
        let doing = "reading a public key"
        guard let raw else { throw opensslFailure(doing) }
        try Self.requireP256(raw, doing)
        var out: UnsafeMutablePointer<UInt8>?
        let length = i2d_PUBKEY(raw, &out)
        guard length > 0, let out else { throw opensslFailure(doing) }
        defer { CRYPTO_free(out, #file, #line) }
        // One key has one spelling here, or its fingerprint would not name it: a compressed point is another length.
        guard length == 91 else { throw SealingError("\(doing): expected an uncompressed point") }
        spki = Array(UnsafeBufferPointer(start: out, count: Int(length)))
    }

    /// A new EVP_PKEY, to be freed by the caller.
    func makeRaw() throws(SealingError) -> OpaquePointer {
        let raw = spki.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, buffer.count)
        }
        guard let raw else { throw opensslFailure("reading a public key") }
        return raw
    }

    /// Curves and kinds other than P-256 are refused, weak ones among them.
    static func requireP256(_ raw: OpaquePointer, _ doing: String) throws(SealingError) {
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        // "EC" is not enough: a curve given by explicit parameters has no name, and is refused with the others.
        guard EVP_PKEY_get_base_id(raw) == EVP_PKEY_EC,
            EVP_PKEY_get_group_name(raw, &name, name.count, &length) == 1,
            name.prefix(length).elementsEqual("prime256v1".utf8.map { CChar($0) })
        else {
            ERR_clear_error()
            throw SealingError("\(doing): expected an elliptic curve key on P-256")
        }
        guard let context = EVP_PKEY_CTX_new(raw, nil) else { throw opensslFailure(doing) }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_public_check(context) == 1 else { throw opensslFailure(doing) }
    }
}
