import COpenSSL

/// A P-256 private key. Its description says nothing of it.
///
/// `@unchecked Sendable` is safe: the key is never changed after it was made, and OpenSSL 3 lets many threads read and
/// sign with one EVP_PKEY at once.
package final class PrivateKey: @unchecked Sendable, CustomStringConvertible {
    private let raw: OpaquePointer
    package let publicKey: PublicKey

    /// Makes a new key.
    package convenience init() throws(SealingError) {
        guard let raw = copenssl_generate_p256() else { throw opensslFailure("making a private key") }
        try self.init(owning: raw)
    }

    /// Reads a key in PKCS#8 (`-----BEGIN PRIVATE KEY-----`), not encrypted. Throws when it is another kind of key, or
    /// its halves do not belong together.
    package convenience init(pem: String) throws(SealingError) {
        let doing = "reading a private key"
        var der = try PEM.block("PRIVATE KEY", in: pem)
        defer { der.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let read = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &start, buffer.count) else { return nil }
            defer { PKCS8_PRIV_KEY_INFO_free(info) }
            return EVP_PKCS82PKEY(info)
        }
        guard let read else { throw opensslFailure(doing) }
        try self.init(owning: read)
        guard let context = EVP_PKEY_CTX_new(raw, nil) else { throw opensslFailure(doing) }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_check(context) == 1 else { throw opensslFailure(doing) }
    }

    private init(owning raw: OpaquePointer) throws(SealingError) {
        self.raw = raw
        do {
            publicKey = try PublicKey(checking: raw)
        } catch {
            EVP_PKEY_free(raw)
            throw error
        }
    }

    deinit { EVP_PKEY_free(raw) }

    /// The key in PKCS#8, not encrypted: for a file that only its owner may read.
    package func pem() throws(SealingError) -> String {
        let doing = "writing a private key"
        guard let info = EVP_PKEY2PKCS8(raw) else { throw opensslFailure(doing) }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        var out: UnsafeMutablePointer<UInt8>?
        let length = i2d_PKCS8_PRIV_KEY_INFO(info, &out)
        guard length > 0, let out else { throw opensslFailure(doing) }
        defer { CRYPTO_clear_free(out, Int(length), #file, #line) }
        return try PEM.text("PRIVATE KEY", Array(UnsafeBufferPointer(start: out, count: Int(length))))
    }

    package var description: String { "private key of \(publicKey.fingerprint.prefix(16))" }

    /// Lends the EVP_PKEY; it must not be changed or kept.
    func withRaw<Result>(_ body: (OpaquePointer) throws(SealingError) -> Result) throws(SealingError) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(raw)
    }
}
