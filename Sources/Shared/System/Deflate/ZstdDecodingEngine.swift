import CZstd

/// zstd, with the window held to 128 MiB: a frame that asks for more is refused instead of filling memory.
final class ZstdDecodingEngine: DecodingEngine {
    private static let windowLogMax: Int32 = 27

    private let context: OpaquePointer
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    /// What the last call said: 0 at the end of a frame, else a hint that there is more to come.
    private var expected = 1
    private var mayHoldOutput = false

    init() throws(DeflateError) {
        guard let context = ZSTD_createDCtx() else { throw DeflateError(.library, "zstd has no memory") }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLogMax)
    }

    deinit {
        output.deallocate()
        ZSTD_freeDCtx(context)
    }

    func next(from input: inout UnsafeRawBufferPointer) throws(DeflateError) -> UnsafeRawBufferPointer? {
        while !input.isEmpty || mayHoldOutput {
            var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let wasBetweenFrames = expected == 0
            let status = ZSTD_decompressStream(context, &target, &source)
            guard ZSTD_isError(status) == 0 else {
                let reason = String(cString: ZSTD_getErrorName(status))
                throw wasBetweenFrames
                    ? DeflateError(.trailing, "something follows the end of the zstd data (\(reason))")
                    : DeflateError(.damaged, "the zstd data is damaged: \(reason)")
            }
            expected = status
            mayHoldOutput = target.pos == target.size && status != 0
            input = UnsafeRawBufferPointer(rebasing: input[source.pos...])
            if target.pos > 0 { return UnsafeRawBufferPointer(rebasing: output[..<target.pos]) }
        }
        return nil
    }

    func finish() throws(DeflateError) {
        guard expected == 0 else { throw DeflateError(.truncated, "the zstd data ends too early") }
    }
}
