import COpenSSL

/// The text form of keys, requests and certificates (RFC 7468).
enum PEM {
    /// Longer texts are refused unread: the longest that we meet is a bundle of a few certificates.
    static let limit = 64 * 1024

    /// The DER of every block in the text, all of which must carry this label. Throws when there is none.
    static func blocks(_ label: String, in text: String) throws(SealingError) -> [[UInt8]] {
        let doing = "reading \(label.lowercased()) in PEM form"
        guard text.utf8.count <= limit else { throw SealingError("\(doing): longer than \(limit) bytes") }
        let bytes = Array(text.utf8)
        guard let bio = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { throw opensslFailure(doing) }
        // BIO_new_mem_buf only refers to the bytes, so they live until it is gone.
        defer { withExtendedLifetime(bytes) { _ = BIO_free(bio) } }
        var found: [[UInt8]] = []
        while let block = try next(bio, doing) {
            guard block.label == label else {
                throw SealingError("\(doing): expected -----BEGIN \(label)-----, found another kind of block")
            }
            found.append(block.der)
        }
        guard !found.isEmpty else { throw SealingError("\(doing): no -----BEGIN \(label)----- block") }
        return found
    }

    /// The DER of the one block in the text.
    static func block(_ label: String, in text: String) throws(SealingError) -> [UInt8] {
        let all = try blocks(label, in: text)
        guard all.count == 1 else {
            throw SealingError("reading \(label.lowercased()) in PEM form: expected one block, found \(all.count)")
        }
        return all[0]
    }

    static func text(_ label: String, _ der: [UInt8]) throws(SealingError) -> String {
        let doing = "writing \(label.lowercased()) in PEM form"
        // Secure memory is wiped when it is freed: the block may be a private key.
        guard let bio = BIO_new(BIO_s_secmem()) else { throw opensslFailure(doing) }
        defer { BIO_free(bio) }
        guard PEM_write_bio(bio, label, "", der, der.count) > 0 else { throw opensslFailure(doing) }
        var start: UnsafeMutablePointer<CChar>?
        let length = copenssl_bio_memory(bio, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }

    private static func next(_ bio: OpaquePointer, _ doing: String) throws(SealingError) -> (
        label: String, der: [UInt8]
    )? {
        var name: UnsafeMutablePointer<CChar>?
        var header: UnsafeMutablePointer<CChar>?
        var data: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard PEM_read_bio(bio, &name, &header, &data, &length) == 1 else {
            let reason = ERR_peek_last_error()
            let isEnd = copenssl_is_pem_end(reason) == 1
            if isEnd {
                ERR_clear_error()
                return nil
            }
            throw opensslFailure(doing)
        }
        defer {
            CRYPTO_free(name, #file, #line)
            CRYPTO_free(header, #file, #line)
            CRYPTO_clear_free(data, length, #file, #line)
        }
        guard let name, let data, header.map({ $0.pointee == 0 }) ?? true else {
            throw SealingError("\(doing): encrypted blocks and blocks with headers are not supported")
        }
        return (String(cString: name), Array(UnsafeBufferPointer(start: data, count: length)))
    }
}
