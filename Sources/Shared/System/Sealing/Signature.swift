import COpenSSL

/// ECDSA over SHA-256 on P-256 (FIPS 186-5), the signature in DER: what `openssl dgst -sha256 -sign` makes.
extension PrivateKey {
    /// Throws when OpenSSL refuses.
    package func sign(_ message: [UInt8]) throws(SealingError) -> [UInt8] {
        let doing = "signing"
        guard let context = EVP_MD_CTX_new() else { throw opensslFailure(doing) }
        defer { EVP_MD_CTX_free(context) }
        return try withRaw { (raw) throws(SealingError) in
            var length = 0
            guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, raw) == 1,
                EVP_DigestSign(context, nil, &length, message, message.count) == 1
            else { throw opensslFailure(doing) }
            var signature = [UInt8](repeating: 0, count: length)
            guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
                throw opensslFailure(doing)
            }
            return Array(signature.prefix(length))
        }
    }
}

extension PublicKey {
    /// Reads ``spki``. Throws unless it is an uncompressed point on P-256.
    package init(spki: [UInt8]) throws(SealingError) {
        let raw = spki.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, buffer.count)
        }
        defer { EVP_PKEY_free(raw) }
        try self.init(checking: raw)
    }

    /// Whether the holder of this key signed the message. False for what is no signature at all.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        // A key that was read once can be read again.
        guard let raw = try? makeRaw(), let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(raw)
        }
        defer { ERR_clear_error() }
        return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, raw) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
