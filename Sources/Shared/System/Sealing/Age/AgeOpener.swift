/// Opens what ``AgeSealer``, or `age -p`, made: give it all bytes in order, then ``finish()``.
///
/// What comes out is authentic piece by piece; that it is all of it, only ``finish()`` says. Memory is bounded by one chunk and what it
/// was given. One thread, one stream.
package final class AgeOpener {
    private let passphrase: [UInt8]
    private var waiting: [UInt8] = []
    private var cipher: ChaChaPoly?
    private var number: UInt64 = 0

    package init(passphrase: [UInt8]) { self.passphrase = passphrase }

    /// What the next bytes of the file hold. Throws for a wrong passphrase, for what is no file of this format, and for bytes that
    /// were changed.
    package func open(_ bytes: UnsafeRawBufferPointer) throws(SealingError) -> [UInt8] {
        waiting.append(contentsOf: bytes)
        if cipher == nil { try begin() }
        guard let cipher else { return [] }
        let full = AgeFormat.chunkBytes + AgeFormat.tagBytes
        var (out, start): ([UInt8], Int) = ([], 0)
        while waiting.count - start > full {
            out += try chunk(start..<start + full, isLast: false, cipher)
            start += full
        }
        waiting.removeFirst(start)
        return out
    }

    /// The file is over: the last bytes. Throws when it was cut.
    package func finish() throws(SealingError) -> [UInt8] {
        guard let cipher else { throw SealingError("the file ends within its header") }
        let last = try chunk(0..<waiting.count, isLast: true, cipher)
        // An empty last chunk behind others would let a file be made longer without a key.
        guard !last.isEmpty || number == 1 else { throw Self.changed }
        waiting = []
        return last
    }

    /// Reads the header once all of it is there.
    private func begin() throws(SealingError) {
        guard let text = try headerText(), waiting.count >= text.utf8.count + AgeFormat.nonceBytes else { return }
        let fileKey = try fileKey(header: text)
        let nonce = Array(waiting[text.utf8.count..<text.utf8.count + AgeFormat.nonceBytes])
        waiting.removeFirst(text.utf8.count + AgeFormat.nonceBytes)
        cipher = try ChaChaPoly(key: AgeFormat.payloadKey(fileKey: fileKey, nonce: nonce))
    }

    /// Up to the newline of the line that begins with three dashes.
    private func headerText() throws(SealingError) -> String? {
        let known = waiting.prefix(AgeFormat.mostHeaderBytes)
        let expected = Array((AgeFormat.versionLine + "\n").utf8)
        guard known.prefix(expected.count).elementsEqual(expected.prefix(known.count)) else {
            throw SealingError("this is no file of the age format")
        }
        let text = String(decoding: known, as: UTF8.self)
        if let dashes = text.firstRange(of: "\n--- "), let end = text[dashes.upperBound...].firstIndex(of: "\n") {
            let header = String(text[...end])
            // Bytes that are no text have another length as text, and then no header to go by.
            guard Array(header.utf8) == Array(waiting.prefix(header.utf8.count)) else { throw Self.changed }
            return header
        }
        guard waiting.count < AgeFormat.mostHeaderBytes else { throw SealingError("the header of the file has no end") }
        return nil
    }

    private func fileKey(header: String) throws(SealingError) -> [UInt8] {
        let lines = header.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 5, lines[1].hasPrefix("-> scrypt ") else {
            throw SealingError("the file was not encrypted for a passphrase: open it by `age -d -i KEY`")
        }
        let words = lines[1].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 4, let salt = Base64Text.decode(words[2]), salt.count == 16,
            words[3].wholeMatch(of: /[1-9][0-9]?/) != nil, let work = Int(words[3]),
            let wrapped = Base64Text.decode(lines[2]), wrapped.count == 16 + AgeFormat.tagBytes,
            let code = Base64Text.decode(lines[3].dropFirst(4))
        else { throw Self.changed }
        let wrapping = try ChaChaPoly(
            key: AgeFormat.wrappingKey(passphrase: passphrase, salt: salt, work: work))
        let opened = wrapped.withUnsafeBytes { raw in
            Result { () throws(SealingError) in try wrapping.open(raw, nonce: [UInt8](repeating: 0, count: 12)) }
        }
        guard let fileKey = try opened.get() else { throw SealingError("the passphrase is another one") }
        let authentic = header.prefix(upTo: header.lastRange(of: "--- ").upperBound).dropLast()
        guard constantTimeEqual(AgeFormat.headerCode(fileKey: fileKey, header: String(authentic)), code) else {
            throw Self.changed
        }
        return fileKey
    }

    private func chunk(_ range: Range<Int>, isLast: Bool, _ cipher: ChaChaPoly) throws(SealingError) -> [UInt8] {
        let nonce = AgeFormat.chunkNonce(number, isLast: isLast)
        number += 1
        let opened = waiting.withUnsafeBytes { raw in
            Result { () throws(SealingError) in
                try cipher.open(UnsafeRawBufferPointer(rebasing: raw[range]), nonce: nonce)
            }
        }
        guard let plain = try opened.get() else { throw Self.changed }
        return plain
    }

    private static var changed: SealingError { SealingError("the encrypted file was changed or cut") }
}

extension String {
    /// Where a text that stands in here stands last.
    fileprivate func lastRange(of text: String) -> Range<String.Index> {
        ranges(of: text).last ?? startIndex..<startIndex
    }
}
