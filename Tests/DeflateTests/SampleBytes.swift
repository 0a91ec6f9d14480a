import Deflate

/// Plain bytes of a given kind and size, the same each time.
enum SampleBytes: String, CaseIterable {
    case text, noise

    func make(_ count: Int) -> [UInt8] {
        switch self {
        case .text:
            let line = [UInt8]("41022\tblue widget\t\\N\t2026-01-15 02:00:00+00\t{\"sku\": 7}\n".utf8)
            var bytes: [UInt8] = []
            while bytes.count < count { bytes += line + String(bytes.count).utf8 }
            return Array(bytes.prefix(count))
        case .noise:
            var state: UInt64 = 0x9e37_79b9_7f4a_7c15
            let words = (0..<(count + 7) / 8).map { _ -> UInt64 in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return state
            }
            return words.withUnsafeBytes { Array($0.prefix(count)) }
        }
    }
}

/// The whole stream of `plain`, block by block, by two encoders in turn, as two threads would do it.
func encode(_ plain: [UInt8], _ codec: Codec) throws -> [UInt8] {
    let encoders = [try BlockEncoder(codec), try BlockEncoder(codec)]
    var frame = StreamFrame(codec)
    var stream: [UInt8] = []
    for (index, start) in stride(from: 0, to: plain.count, by: codec.blockBytes).enumerated() {
        if index == 0 { stream += frame.opening }
        var room = [UInt8](repeating: 0, count: codec.encodedBlockBytes)
        let block = try plain[start..<min(start + codec.blockBytes, plain.count)].withUnsafeBytes { plain in
            try room.withUnsafeMutableBytes { try encoders[index % 2].encode(plain, into: $0) }
        }
        frame.add(block)
        stream += room.prefix(block.encodedBytes)
    }
    return stream + frame.closing
}

/// The plain bytes of `stream`, given to the decoder in chunks of `chunk` bytes.
func decode(_ stream: [UInt8], _ codec: Codec, chunk: Int = .max) throws -> [UInt8] {
    let decoder = try Decoder(codec)
    var plain: [UInt8] = []
    try stream.withUnsafeBytes { stream in
        var position = 0
        while position < stream.count {
            let end = position + min(chunk, stream.count - position)
            decoder.give(UnsafeRawBufferPointer(rebasing: stream[position..<end]))
            while let bytes = try decoder.next() { plain += bytes }
            position = end
        }
    }
    try decoder.finish()
    return plain
}
