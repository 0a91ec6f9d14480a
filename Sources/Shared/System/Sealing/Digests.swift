import COpenSSL

/// SHA-256 of the bytes: 32 bytes.
package func sha256(_ raw: UnsafeRawBufferPointer) -> [UInt8] { digest(raw, EVP_sha256()) }

/// SHA-256 of the bytes: 32 bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest($0, EVP_sha256()) } }

/// SHA-256 of the bytes: 32 bytes.
package func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] { sha256([UInt8](bytes)) }

/// MD5 of the bytes: 16 bytes. Only to compare with the ETags of S3 parts; it proves nothing.
package func md5(_ raw: UnsafeRawBufferPointer) -> [UInt8] { digest(raw, EVP_md5()) }

/// SHA-1 of the bytes: 20 bytes. Only because UUIDv5 and certificate key identifiers are defined over it.
func sha1(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { digest($0, EVP_sha1()) } }

/// HMAC-SHA-256 (RFC 2104): 32 bytes. Any key length, none included.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    // An empty array has no address, and a null key means "the key of last time" to OpenSSL.
    let keyOrNone = key.isEmpty ? [0] : key
    return [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
        var length: UInt32 = 0
        let done = HMAC(
            EVP_sha256(), keyOrNone, Int32(clamping: key.count), message, message.count, buffer.baseAddress, &length)
        precondition(done != nil && length == 32, "the crypto library could not make an HMAC")
        count = 32
    }
}

private func digest(_ raw: UnsafeRawBufferPointer, _ kind: OpaquePointer?) -> [UInt8] {
    let context = newDigestContext(kind)
    defer { EVP_MD_CTX_free(context) }
    if let start = raw.baseAddress, !raw.isEmpty { EVP_DigestUpdate(context, start, raw.count) }
    return finishDigest(context)
}
