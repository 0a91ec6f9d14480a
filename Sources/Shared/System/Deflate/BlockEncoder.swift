/// What one block became: how many bytes, and what the stream's end must know of it.
package struct EncodedBlock: Sendable, Equatable {
    package let plainBytes: Int
    package let encodedBytes: Int
    /// CRC-32 of the plain bytes (gzip); 0 where the codec keeps its own.
    let checksum: UInt32
}

/// Compresses blocks, each independent of all others, so that several encoders work on one stream at once. Blocks put
/// together in order between ``StreamFrame``'s opening and closing are one valid stream.
///
/// Not Sendable: one encoder a thread, used for many blocks.
package final class BlockEncoder {
    private let engine: any BlockEngine

    /// Throws `level` or `library`. `.none` has no encoder: its bytes are stored as they are.
    package init(_ codec: Codec) throws(DeflateError) {
        switch try codec.checked() {
        case .gzip(let level):
            engine =
                if let level, level >= 7 { try ZlibBlockEngine(level: level) } else {
                    try ISALBlockEngine(level: level)
                }
        case .zstd(let level): engine = try ZstdBlockEngine(level: level ?? 3)
        case .none: throw DeflateError(.library, "uncompressed bytes need no encoder")
        }
    }

    /// Compresses `plain` into `room`, which has ``Codec/encodedBlockBytes`` free.
    package func encode(
        _ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(DeflateError) -> EncodedBlock {
        let encodedBytes = try engine.encode(plain, into: room)
        return EncodedBlock(
            plainBytes: plain.count, encodedBytes: encodedBytes, checksum: engine.checksum(plain))
    }
}

/// One library's way of compressing a block.
protocol BlockEngine: AnyObject {
    /// How many bytes it wrote.
    func encode(_ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) throws(DeflateError) -> Int
    func checksum(_ plain: UnsafeRawBufferPointer) -> UInt32
}
