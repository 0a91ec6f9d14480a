import Deflate
import Testing

@Suite(.timeLimit(.minutes(5)))
struct DamageTests {
    static let plain = SampleBytes.text.make(700)

    @Test(arguments: [Codec.gzip(), .gzip(level: 9), .zstd()], [1, 50, Int.max])
    func aStreamCutAnywhereIsTruncated(codec: Codec, chunk: Int) throws {
        let stream = try encode(Self.plain, codec)
        for length in 0..<stream.count {
            let error = #expect(throws: DeflateError.self, "cut to \(length) of \(stream.count)") {
                try decode(Array(stream.prefix(length)), codec, chunk: chunk)
            }
            #expect(error?.kind == .truncated)
        }
    }

    @Test(arguments: [Codec.gzip(), .gzip(level: 9), .zstd()])
    func aFlippedBitNeverGivesOtherBytes(codec: Codec) throws {
        let stream = try encode(Self.plain, codec)
        var caught = 0
        for position in stream.indices {
            for bit in 0..<8 {
                var damaged = stream
                damaged[position] ^= 1 << UInt8(bit)
                do {
                    // Some bits of a header say nothing about the bytes: its time, or the system that made it.
                    #expect(try decode(damaged, codec) == Self.plain, "bit \(bit) of byte \(position)")
                } catch is DeflateError {
                    caught += 1
                }
            }
        }
        #expect(caught > stream.count * 8 * 3 / 4)
    }

    @Test(
        arguments: [Codec.gzip(), .zstd()],
        [[0], [0, 0, 0, 0, 0, 0, 0, 0], [0x1f], [0x28, 0xb5], [UInt8]("garbage".utf8)])
    func somethingBehindTheEndIsAnError(codec: Codec, garbage: [UInt8]) throws {
        let stream = try encode(Self.plain, codec) + garbage
        for chunk in [1, 7, .max] {
            #expect(throws: DeflateError.self) { try decode(stream, codec, chunk: chunk) }
        }
    }

    @Test(arguments: [Codec.gzip(), .zstd()])
    func noiseIsNeitherGzipNorZstd(codec: Codec) throws {
        for size in [1, 4, 100, 100_000] {
            #expect(throws: DeflateError.self) { try decode(SampleBytes.noise.make(size), codec) }
        }
    }

    @Test func aZstdFrameThatWantsAHugeWindowIsRefused() throws {
        // Window descriptors for 256 MiB and for the format's largest, 3.75 TiB; then one empty last block.
        for window in [UInt8(18 << 3), 0xff] {
            let error = #expect(throws: DeflateError.self) {
                try decode([0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0], .zstd())
            }
            #expect(error?.kind == .damaged)
        }
    }

    @Test(arguments: [Codec.gzip(level: 0), .gzip(level: 10), .gzip(level: -1), .zstd(level: 0), .zstd(level: 23)])
    func aLevelThatTheCodecLacksIsRefused(codec: Codec) {
        let error = #expect(throws: DeflateError.self) { try BlockEncoder(codec) }
        #expect(error?.kind == .level)
    }

    @Test func aBlockThatDoesNotFitIsAnErrorAndNotAShortStream() throws {
        for codec in [Codec.gzip(), .gzip(level: 9), .zstd()] {
            let encoder = try BlockEncoder(codec)
            var room = [UInt8](repeating: 0, count: 1000)
            let error = #expect(throws: DeflateError.self) {
                try SampleBytes.noise.make(100_000).withUnsafeBytes { plain in
                    try room.withUnsafeMutableBytes { _ = try encoder.encode(plain, into: $0) }
                }
            }
            #expect(error?.kind == .library)
        }
    }
}
