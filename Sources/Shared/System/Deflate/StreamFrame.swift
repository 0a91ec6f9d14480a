import CZlib

/// What stands before and after the encoded blocks, so that all together are one stream of the codec.
package struct StreamFrame: Sendable {
    private let codec: Codec
    private var checksum: UInt32 = 0
    private var plainBytes: UInt64 = 0

    package init(_ codec: Codec) { self.codec = codec }

    /// The bytes before the first block.
    package var opening: [UInt8] {
        switch codec {
        // Deflate, no flags, no time (the same bytes give the same file), no level, made on Unix.
        case .gzip: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
        case .zstd, .none: []
        }
    }

    /// Takes note of the next block, in order.
    package mutating func add(_ block: EncodedBlock) {
        if case .gzip = codec {
            checksum = UInt32(truncatingIfNeeded: crc32_combine(UInt(checksum), UInt(block.checksum), block.plainBytes))
        }
        plainBytes += UInt64(block.plainBytes)
    }

    /// The bytes after the last block. Where there was no block at all, the whole of a valid empty stream.
    package var closing: [UInt8] {
        switch codec {
        case .gzip:
            // An empty last block, the CRC-32, and the length modulo 2^32, both little-endian.
            (plainBytes > 0 ? [] : opening) + [3, 0] + littleEndian(checksum)
                + littleEndian(UInt32(truncatingIfNeeded: plainBytes))
        case .zstd:
            // Nothing; but no frame is no stream: one of zero bytes (single segment, one empty raw block).
            plainBytes > 0 ? [] : [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0]
        case .none: []
        }
    }

    private func littleEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}
