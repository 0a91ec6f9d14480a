import CZlib

/// Raw deflate by zlib for the thorough levels, each block ended by a full flush.
final class ZlibBlockEngine: BlockEngine {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init(level: Int) throws(DeflateError) {
        stream.initialize(to: z_stream())
        let rawDeflate: Int32 = -15
        let status = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, rawDeflate, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw DeflateError(.library, "zlib could not begin (status \(status))") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    func encode(_ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) throws(DeflateError) -> Int {
        deflateReset(stream)
        // zlib only reads here, though its type does not say so.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: plain.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(plain.count)
        stream.pointee.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(room.count)
        let status = deflate(stream, Z_FULL_FLUSH)
        // A full output could mean that the flush is not complete.
        guard status == Z_OK, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 else {
            throw DeflateError(.library, "zlib refused a block (status \(status))")
        }
        return room.count - Int(stream.pointee.avail_out)
    }

    func checksum(_ plain: UnsafeRawBufferPointer) -> UInt32 { gzipChecksum(plain) }
}
