import COpenSSL

/// The bytes in lower-case hexadecimal.
package func hex(_ bytes: [UInt8]) -> String {
    let digits: StaticString = "0123456789abcdef"
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (position, byte) in bytes.enumerated() {
            buffer[position * 2] = digits.utf8Start[Int(byte >> 4)]
            buffer[position * 2 + 1] = digits.utf8Start[Int(byte & 15)]
        }
        return bytes.count * 2
    }
}

/// Bytes that nobody can foretell, for keys, tokens and serial numbers. Throws when the system has no randomness to give.
package func randomBytes(_ count: Int) throws(SealingError) -> [UInt8] {
    guard count >= 0, let length = Int32(exactly: count) else {
        throw SealingError("cannot make \(count) random bytes")
    }
    var bytes = [UInt8](repeating: 0, count: count)
    guard count == 0 || RAND_bytes(&bytes, length) == 1 else {
        throw SealingError("the system gave no random bytes")
    }
    return bytes
}

/// Whether both are the same, in a time that depends on the length only: for secrets and their hashes.
package func constantTimeEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
}
