/// Encrypts a stream for whoever knows a passphrase, as the age format does it: `age -d` opens what comes out.
///
/// Give it all bytes in order, then ``finish()``; what each call returns, put together, is the file. Memory is bounded by one chunk
/// of 64 KiB and what it was given. One thread, one stream.
package final class AgeSealer {
    private let cipher: ChaChaPoly
    private var opening: [UInt8]
    private var waiting: [UInt8] = []
    private var number: UInt64 = 0

    /// `work` is the binary logarithm of scrypt's cost: 2^16 blocks are 64 MiB of memory and about a quarter of a second. A passphrase
    /// that was made by chance needs no more. Throws when the passphrase is empty, or the library has no memory.
    package init(passphrase: [UInt8], work: Int = 16) throws(SealingError) {
        guard !passphrase.isEmpty else { throw SealingError("the passphrase is empty") }
        let (fileKey, salt, nonce) = (try randomBytes(16), try randomBytes(16), try randomBytes(AgeFormat.nonceBytes))
        let key = try AgeFormat.wrappingKey(passphrase: passphrase, salt: salt, work: work)
        let wrapping = try ChaChaPoly(key: key)
        var wrapped: Result<[UInt8], SealingError> = .failure(SealingError("nothing was encrypted"))
        fileKey.withUnsafeBytes { raw in
            wrapped = Result { () throws(SealingError) in
                try wrapping.seal(raw, nonce: [UInt8](repeating: 0, count: 12))
            }
        }
        let header =
            "\(AgeFormat.versionLine)\n-> scrypt \(Base64Text.encode(salt)) \(work)\n"
            + "\(Base64Text.encode(try wrapped.get()))\n---"
        let code = Base64Text.encode(AgeFormat.headerCode(fileKey: fileKey, header: header))
        opening = Array("\(header) \(code)\n".utf8) + nonce
        cipher = try ChaChaPoly(key: AgeFormat.payloadKey(fileKey: fileKey, nonce: nonce))
    }

    /// What the next plain bytes make, which may be nothing yet.
    package func seal(_ bytes: UnsafeRawBufferPointer) throws(SealingError) -> [UInt8] {
        waiting.append(contentsOf: bytes)
        var out = takeOpening()
        var start = 0
        // A full chunk may be the last one, which only what follows tells.
        while waiting.count - start > AgeFormat.chunkBytes {
            out += try chunk(start..<start + AgeFormat.chunkBytes, isLast: false)
            start += AgeFormat.chunkBytes
        }
        waiting.removeFirst(start)
        return out
    }

    /// The end of the file.
    package func finish() throws(SealingError) -> [UInt8] {
        let out = takeOpening() + (try chunk(0..<waiting.count, isLast: true))
        waiting = []
        return out
    }

    private func takeOpening() -> [UInt8] {
        defer { opening = [] }
        return opening
    }

    private func chunk(_ range: Range<Int>, isLast: Bool) throws(SealingError) -> [UInt8] {
        let nonce = AgeFormat.chunkNonce(number, isLast: isLast)
        number += 1
        let cipher = cipher
        let sealed = waiting.withUnsafeBytes { raw in
            Result { () throws(SealingError) in
                try cipher.seal(UnsafeRawBufferPointer(rebasing: raw[range]), nonce: nonce)
            }
        }
        return try sealed.get()
    }
}
