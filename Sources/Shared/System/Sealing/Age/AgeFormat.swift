import COpenSSL

/// The age format, version 1 (C2SP `age.md`), as far as Holdfast writes and reads it: a file key, wrapped for a passphrase by a
/// `scrypt` stanza, and a payload of ChaCha20-Poly1305 chunks.
enum AgeFormat {
    static let versionLine = "age-encryption.org/v1"
    /// Plain bytes of every chunk but the last.
    static let chunkBytes = 64 << 10
    static let tagBytes = 16
    static let nonceBytes = 16
    /// A header of one `scrypt` stanza is about 200 bytes; nobody makes us keep more than this.
    static let mostHeaderBytes = 4096
    /// 2^20 blocks of 1 KiB are 1 GiB of memory: no header talks us into more.
    static let mostWork = 20

    /// What wraps the file key: scrypt (RFC 7914) with r = 8 and p = 1 over the passphrase.
    static func wrappingKey(passphrase: [UInt8], salt: [UInt8], work: Int) throws(SealingError) -> [UInt8] {
        guard (1...mostWork).contains(work) else {
            throw SealingError("the work factor of the passphrase is \(work), and at most \(mostWork) is done")
        }
        let salted = Array("age-encryption.org/v1/scrypt".utf8) + salt
        var key = [UInt8](repeating: 0, count: 32)
        let memory = UInt64(1) << UInt64(work + 10) + 1 << 20
        let done = passphrase.withUnsafeBytes { raw in
            EVP_PBE_scrypt(
                raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, salted, salted.count,
                1 << UInt64(work), 8, 1, memory, &key, key.count)
        }
        guard done == 1 else { throw opensslFailure("deriving a key from the passphrase") }
        return key
    }

    /// HKDF-SHA-256 (RFC 5869) of 32 bytes.
    static func derived(_ secret: [UInt8], salt: [UInt8], info: String) -> [UInt8] {
        let extracted = hmacSHA256(key: salt, secret)
        return hmacSHA256(key: extracted, Array(info.utf8) + [1])
    }

    /// What authenticates the header up to its three dashes.
    static func headerCode(fileKey: [UInt8], header: String) -> [UInt8] {
        hmacSHA256(key: derived(fileKey, salt: [], info: "header"), Array(header.utf8))
    }

    static func payloadKey(fileKey: [UInt8], nonce: [UInt8]) -> [UInt8] {
        derived(fileKey, salt: nonce, info: "payload")
    }

    /// The nonce of one chunk: its number, big-endian in 11 bytes, and whether it is the last.
    static func chunkNonce(_ number: UInt64, isLast: Bool) -> [UInt8] {
        [0, 0, 0] + withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) } + [isLast ? 1 : 0]
    }
}
