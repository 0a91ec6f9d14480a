import CZstd

/// One zstd frame a block, with its size in the header and a checksum at the end.
final class ZstdBlockEngine: BlockEngine {
    private let context: OpaquePointer

    init(level: Int) throws(DeflateError) {
        guard let context = ZSTD_createCCtx() else { throw DeflateError(.library, "zstd has no memory") }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    func encode(_ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) throws(DeflateError) -> Int {
        let written = ZSTD_compress2(context, room.baseAddress, room.count, plain.baseAddress, plain.count)
        guard ZSTD_isError(written) == 0 else {
            throw DeflateError(.library, "zstd refused a block: \(String(cString: ZSTD_getErrorName(written)))")
        }
        return written
    }

    /// Every frame carries its own.
    func checksum(_ plain: UnsafeRawBufferPointer) -> UInt32 { 0 }
}
