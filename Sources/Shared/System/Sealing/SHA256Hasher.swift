import COpenSSL

/// SHA-256 over bytes that arrive in pieces. Not Sendable: one thread, or one thread at a time.
package final class SHA256Hasher {
    private let context: OpaquePointer

    package init() {
        context = newDigestContext(EVP_sha256())
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes more bytes; empty is fine.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        EVP_DigestUpdate(context, start, bytes.count)
    }

    /// The 32 bytes of the digest. The hasher then starts anew, as if just made.
    package func finish() -> [UInt8] {
        let digest = finishDigest(context)
        EVP_DigestInit_ex2(context, EVP_sha256(), nil)
        return digest
    }
}

/// A context that is ready for bytes. The fixed digests of the default provider fail only when memory or the library
/// itself is gone, and a digest that is silently wrong is worse than an end.
func newDigestContext(_ digest: OpaquePointer?) -> OpaquePointer {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, digest, nil) == 1 else {
        preconditionFailure("the crypto library offers no digests: out of memory, or a broken installation")
    }
    return context
}

func finishDigest(_ context: OpaquePointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
        var length: UInt32 = 0
        precondition(EVP_DigestFinal_ex(context, buffer.baseAddress, &length) == 1, "a digest could not be finished")
        count = Int(length)
    }
}
