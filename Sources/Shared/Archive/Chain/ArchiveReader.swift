package import Deflate
package import Domain
import Sealing

/// What went through an ``ArchiveReader``. The digests are 64 lower-case hex digits.
package struct DecodedTotals: Sendable, Equatable {
    package let storedBytes: Int64
    package let storedSHA256: String
    package let plainBytes: Int64
    package let plainSHA256: String
}

/// The chain backwards, for verification and restore: stored bytes in, plain bytes out, both hashed, nothing kept.
///
/// What comes out must not be believed before ``finish()`` has returned, which says that the object was whole, and its
/// digests have been compared, which says that it was the right one. One thread; one object.
package final class ArchiveReader {
    private let codec: Codec
    private let plainLimit: Int64
    private let decoder: Decoder
    private let stored = SHA256Hasher()
    private let plain = SHA256Hasher()
    private var storedBytes: Int64 = 0
    private var plainBytes: Int64 = 0

    /// `plainLimit` is the most plain bytes that may come out: the manifest's size. It ends a decompression bomb.
    package init(codec: Codec, plainLimit: Int64) throws(BackupError) {
        self.codec = codec
        self.plainLimit = plainLimit
        decoder = try Self.decoding { () throws(DeflateError) in try Decoder(codec) }
    }

    /// Takes the next stored bytes and gives `body` the plain ones that they make, in chunks valid only during its call.
    /// Throws `.integrity` for damaged or prolonged bytes and beyond the limit, and whatever `body` throws.
    package func take(
        _ chunk: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) {
        stored.update(chunk)
        storedBytes += Int64(chunk.count)
        decoder.give(chunk)
        while let bytes = try Self.decoding({ () throws(DeflateError) in try decoder.next() }) {
            plainBytes += Int64(bytes.count)
            guard plainBytes <= plainLimit else {
                throw BackupError(.integrity, "the object decompresses to more than its \(plainLimit) bytes")
            }
            if codec != .none { plain.update(bytes) }
            try body(bytes)
        }
    }

    /// The object is over. Throws `.integrity` when it was cut.
    package func finish() throws(BackupError) -> DecodedTotals {
        try Self.decoding { () throws(DeflateError) in try decoder.finish() }
        let storedSHA256 = hex(stored.finish())
        return DecodedTotals(
            storedBytes: storedBytes, storedSHA256: storedSHA256, plainBytes: plainBytes,
            plainSHA256: codec == .none ? storedSHA256 : hex(plain.finish()))
    }

    /// A whole object at once: `read` is `ObjectStore.read` of one key, say. Blocks.
    package static func decode(
        codec: Codec, plainLimit: Int64,
        read: ((UnsafeRawBufferPointer) throws(BackupError) -> Void) throws(BackupError) -> Void,
        to body: @escaping (UnsafeRawBufferPointer) throws(BackupError) -> Void
    ) throws(BackupError) -> DecodedTotals {
        let reader = try ArchiveReader(codec: codec, plainLimit: plainLimit)
        try read { (chunk) throws(BackupError) in try reader.take(chunk, to: body) }
        return try reader.finish()
    }

    private static func decoding<Value>(_ step: () throws(DeflateError) -> Value) throws(BackupError) -> Value {
        do {
            return try step()
        } catch {
            throw BackupError(error.kind == .library ? .busy : .integrity, "decompressing the object", cause: error)
        }
    }
}
