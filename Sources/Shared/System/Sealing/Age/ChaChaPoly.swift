import COpenSSL

/// ChaCha20-Poly1305 (RFC 8439) under one key, without additional data. One thread.
final class ChaChaPoly {
    private let context: OpaquePointer
    private let key: [UInt8]

    init(key: [UInt8]) throws(SealingError) {
        guard key.count == 32, let context = EVP_CIPHER_CTX_new() else {
            throw SealingError("the crypto library could not make a cipher")
        }
        self.context = context
        self.key = key
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    /// The sealed bytes with their tag of 16 behind them.
    func seal(_ plain: UnsafeRawBufferPointer, nonce: [UInt8]) throws(SealingError) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: plain.count + AgeFormat.tagBytes)
        var (length, rest) = (Int32(0), Int32(0))
        guard EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), nil, key, nonce) == 1,
            plain.isEmpty || EVP_EncryptUpdate(context, &out, &length, Self.bytes(plain), Int32(plain.count)) == 1
        else { throw opensslFailure("encrypting") }
        let isDone = out.withUnsafeMutableBufferPointer { room in
            guard let start = room.baseAddress else { return false }
            return EVP_EncryptFinal_ex(context, start + Int(length), &rest) == 1
                && EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, Int32(AgeFormat.tagBytes), start + plain.count) == 1
        }
        guard isDone else { throw opensslFailure("encrypting") }
        return out
    }

    /// The plain bytes; nil when they were changed, or sealed under another key or nonce.
    func open(_ sealed: UnsafeRawBufferPointer, nonce: [UInt8]) throws(SealingError) -> [UInt8]? {
        let count = sealed.count - AgeFormat.tagBytes
        guard count >= 0 else { return nil }
        var tag = [UInt8](sealed[count...])
        // One more, so that there is an address for nothing, too.
        var out = [UInt8](repeating: 0, count: count + 1)
        var (length, rest) = (Int32(0), Int32(0))
        guard EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), nil, key, nonce) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AgeFormat.tagBytes), &tag) == 1,
            count == 0 || EVP_DecryptUpdate(context, &out, &length, Self.bytes(sealed), Int32(count)) == 1
        else { throw opensslFailure("decrypting") }
        let isWhole = out.withUnsafeMutableBufferPointer { room in
            guard let start = room.baseAddress else { return false }
            return EVP_DecryptFinal_ex(context, start + Int(length), &rest) == 1
        }
        guard isWhole else {
            ERR_clear_error()
            return nil
        }
        return Array(out.dropLast())
    }

    private static func bytes(_ raw: UnsafeRawBufferPointer) -> UnsafePointer<UInt8>? {
        raw.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}
