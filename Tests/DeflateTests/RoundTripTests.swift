import Deflate
import Testing

@Suite(.timeLimit(.minutes(5)))
struct RoundTripTests {
    static let codecs: [Codec] = [
        .gzip(), .gzip(level: 1), .gzip(level: 5), .gzip(level: 7), .gzip(level: 9), .zstd(), .zstd(level: 1),
        .zstd(level: 12),
    ]

    @Test(arguments: codecs, SampleBytes.allCases)
    func stockToolsAndOurDecoderReadEverySize(codec: Codec, sample: SampleBytes) throws {
        let block = codec.blockBytes
        for size in [0, 1, 2, 1000, 65_535, block - 1, block, block + 1, 2 * block + 77] {
            let plain = sample.make(size)
            let stream = try encode(plain, codec)
            #expect(try StockTool.run(stockDecoder(codec), stream) == plain, "stock tool, \(size) bytes")
            #expect(try decode(stream, codec) == plain, "our decoder, \(size) bytes")
        }
    }

    @Test(arguments: [Codec.gzip(), .gzip(level: 9), .zstd()])
    func aStreamCutAnywhereIntoChunksDecodesTheSame(codec: Codec) throws {
        let plain = SampleBytes.text.make(3000) + SampleBytes.noise.make(600)
        let stream = try encode(plain, codec)
        for chunk in [1, 2, 3, 7, 10, 11, 18, 64, 1000] {
            #expect(try decode(stream, codec, chunk: chunk) == plain, "chunks of \(chunk)")
        }
    }

    @Test(arguments: [Codec.gzip(), .zstd()])
    func theSameBytesGiveTheSameStream(codec: Codec) throws {
        let plain = SampleBytes.text.make(3 * codec.blockBytes / 2)
        #expect(try encode(plain, codec) == encode(plain, codec))
    }

    @Test(arguments: [Codec.gzip(), .gzip(level: 7), .zstd()])
    func incompressibleBytesHardlyGrow(codec: Codec) throws {
        let plain = SampleBytes.noise.make(2 * codec.blockBytes)
        #expect(try encode(plain, codec).count < plain.count + plain.count / 500)
    }

    @Test func theDefaultGzipIsAboutAsDenseAsStockGzip() throws {
        let plain = SampleBytes.text.make(1 << 20)
        let ours = try encode(plain, .gzip()).count
        let stock = try StockTool.run(["gzip", "-6", "-c"], plain).count
        #expect(Double(ours) < Double(stock) * 1.2)
    }

    @Test func aGzipStreamIsOneMemberWithoutATime() throws {
        let stream = try encode(SampleBytes.text.make((1 << 20) + 5), .gzip())
        #expect(Array(stream.prefix(10)) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
        let listed = try StockTool.run(["gzip", "--list", "--verbose"], stream)
        #expect(String(decoding: listed, as: UTF8.self).contains(String((1 << 20) + 5)))
    }

    @Test(arguments: [
        (["gzip", "-1"], Codec.gzip()), (["gzip", "-9"], .gzip()), (["zstd", "-3"], .zstd()),
        (["zstd", "-19", "--no-check"], .zstd()), (["zstd", "--ultra", "-22"], .zstd()),
    ])
    func whatStockToolsWriteIsRead(command: [String], codec: Codec) throws {
        let plain = SampleBytes.text.make(400_000)
        #expect(try decode(StockTool.run(command + ["-c"], plain), codec, chunk: 1013) == plain)
    }

    @Test func aGzipHeaderWithEveryFieldIsRead() throws {
        // FTEXT, FEXTRA, FNAME and FCOMMENT before the deflate data of a plain member.
        let member = try encode([UInt8]("hello".utf8), .gzip())
        let fields: [UInt8] = [4, 0] + [1, 2, 3, 4] + [UInt8]("name\0comment\0".utf8)
        let stream = [0x1f, 0x8b, 8, 0b1_1101, 1, 2, 3, 4, 0, 3] + fields + member[10...]
        for chunk in [1, 5, .max] { #expect(try decode(stream, .gzip(), chunk: chunk) == [UInt8]("hello".utf8)) }
    }

    @Test(arguments: [Codec.gzip(), .zstd()])
    func severalStreamsInARowAreOne(codec: Codec) throws {
        let parts = [SampleBytes.text.make(5000), [], SampleBytes.noise.make(3000), [1]]
        let stream = try parts.flatMap { try encode($0, codec) }
        for chunk in [1, 13, .max] { #expect(try decode(stream, codec, chunk: chunk) == parts.flatMap { $0 }) }
    }

    @Test func uncompressedBytesGoThroughAsTheyAre() throws {
        let plain = SampleBytes.noise.make(10_000)
        #expect(try decode(plain, .none, chunk: 999) == plain)
        #expect(try decode([], .none).isEmpty)
    }

    private func stockDecoder(_ codec: Codec) -> [String] {
        switch codec {
        case .gzip: ["gunzip", "-c"]
        case .zstd: ["zstd", "-d", "-c"]
        case .none: ["cat"]
        }
    }
}
