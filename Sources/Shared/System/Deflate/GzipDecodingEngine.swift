import CISAL

/// gzip by ISA-L's inflate, more than twice as fast as zlib's.
final class GzipDecodingEngine: DecodingEngine {
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private var header = GzipHeader()
    private var position = Position.beforeFirst

    private enum Position { case beforeFirst, inHeader, inMember, betweenMembers }

    init() { isal_inflate_init(state) }

    deinit {
        output.deallocate()
        state.deallocate()
    }

    func next(from input: inout UnsafeRawBufferPointer) throws(DeflateError) -> UnsafeRawBufferPointer? {
        while true {
            if position == .betweenMembers || position == .beforeFirst {
                guard let first = input.first else { return nil }
                guard position == .beforeFirst || first == 0x1f else {
                    throw DeflateError(.trailing, "something follows the end of the gzip data")
                }
                (position, header) = (.inHeader, GzipHeader())
            }
            if position == .inHeader {
                try header.take(from: &input)
                guard header.isWhole else { return nil }
                isal_inflate_reset(state)
                state.pointee.crc_flag = UInt32(ISAL_GZIP_NO_HDR_VER)  // checks the CRC-32 and length behind the data
                position = .inMember
            }
            let produced = try inflate(&input)
            if state.pointee.block_state == ISAL_BLOCK_FINISH { position = .betweenMembers }
            if produced > 0 { return UnsafeRawBufferPointer(rebasing: output[..<produced]) }
            if input.isEmpty { return nil }
        }
    }

    func finish() throws(DeflateError) {
        guard position == .betweenMembers else { throw DeflateError(.truncated, "the gzip data ends too early") }
    }

    private func inflate(_ input: inout UnsafeRawBufferPointer) throws(DeflateError) -> Int {
        // ISA-L only reads here, though its type does not say so.
        state.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        let given = min(input.count, Int(Int32.max))
        state.pointee.avail_in = UInt32(given)
        state.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        state.pointee.avail_out = UInt32(output.count)
        let status = isal_inflate(state)
        guard status == ISAL_DECOMP_OK || status == ISAL_END_INPUT else {
            throw DeflateError(
                .damaged,
                status == ISAL_INCORRECT_CHECKSUM
                    ? "the gzip data does not match its checksum" : "the gzip data is damaged (status \(status))")
        }
        let used = given - Int(state.pointee.avail_in)
        let produced = output.count - Int(state.pointee.avail_out)
        // Neither used nor produced while there is input would be an endless loop.
        guard used > 0 || produced > 0 || input.isEmpty || state.pointee.block_state == ISAL_BLOCK_FINISH else {
            throw DeflateError(.damaged, "the gzip data is damaged: it makes no progress")
        }
        input = UnsafeRawBufferPointer(rebasing: input[used...])
        return produced
    }
}
