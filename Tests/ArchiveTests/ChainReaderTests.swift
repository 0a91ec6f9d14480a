import Archive
import Domain
import Testing
import Threads

@Suite(.timeLimit(.minutes(2)))
struct ChainReaderTests {
    @Test(arguments: [Compression.gzip, .zstd])
    func aCutProlongedOrChangedObjectIsAnIntegrityError(compression: Compression) throws {
        let plain = sampleText(3000)
        let stored = try store(plain, compression)
        var changed = stored
        changed[stored.count / 2] ^= 4
        let bad = [[], Array(stored.dropLast()), Array(stored.prefix(stored.count / 2)), stored + [0], changed]
        for (index, bytes) in bad.enumerated() {
            let error = #expect(throws: BackupError.self, "case \(index)") {
                try ArchiveReader.decode(codec: .init(compression), plainLimit: .max, read: whole(bytes)) { _ in }
            }
            #expect(error?.code == .integrity)
        }
    }

    @Test(arguments: Compression.allCases)
    func moreBytesThanTheManifestSaysEndTheReading(compression: Compression) throws {
        // 64 MiB of zeros in some 60 KiB: the reader must stop right behind the limit, not at the end.
        let stored = try store([UInt8](repeating: 0, count: 64 << 20), compression)
        let limit: Int64 = 1 << 20
        let cameOut = KeptCount()
        let error = #expect(throws: BackupError.self) {
            try ArchiveReader.decode(
                codec: .init(compression), plainLimit: limit, read: whole(stored, chunk: 64 << 10)
            ) { cameOut.count += $0.count }
        }
        #expect(error?.code == .integrity)
        #expect(cameOut.count <= limit)
    }

    @Test func whatTheTargetThrowsEndsTheReading() throws {
        let stored = try store(sampleText(100_000), .gzip)
        let error = #expect(throws: BackupError.self) {
            try ArchiveReader.decode(codec: .init(.gzip), plainLimit: .max, read: whole(stored)) {
                (_) throws(BackupError) in throw BackupError(.sourceRefused, "psql has ended")
            }
        }
        #expect(error?.code == .sourceRefused)
    }

    private func store(_ plain: [UInt8], _ compression: Compression) throws -> [UInt8] {
        let sink = KeepingSink()
        _ = try Chain(codec: .init(compression)).run(from: Producer([plain]).output, to: [sink], stop: StopSignal())
        return sink.bytes
    }
}

private final class KeptCount { var count = 0 }
