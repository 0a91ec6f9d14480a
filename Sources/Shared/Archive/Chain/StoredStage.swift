import Deflate
import Domain
import Sealing
import Threads

/// Puts the compressed blocks into one stream, in order, and hashes and hands out what is stored.
///
/// Encryption has its place here, between the stream and its digest.
final class StoredStage: Sendable {
    struct Totals: Sendable {
        let bytes: Int64
        /// Nil when the stored bytes are the plain ones, which are hashed already.
        let sha256: String?
    }

    /// Kept when the last byte has been handed to the sinks.
    let totals = Promise<Totals>()

    private let codec: Codec
    private let blocks: BoundedQueue<Promise<StoredBlock>>
    private let fanOut: SinkFanOut
    private let progress: ChainProgress

    init(
        _ codec: Codec, blocks: BoundedQueue<Promise<StoredBlock>>, fanOut: SinkFanOut, progress: ChainProgress
    ) {
        self.codec = codec
        self.blocks = blocks
        self.fanOut = fanOut
        self.progress = progress
    }

    /// The work of one thread. When stopped it just ends.
    func run(stop: StopSignal) throws(BackupError) {
        let hasher: SHA256Hasher? = codec == .none ? nil : SHA256Hasher()
        var frame = StreamFrame(codec)
        var bytes: Int64 = 0

        func send(_ block: Block) {
            block.withFilled { hasher?.update($0) }
            bytes += Int64(block.count)
            progress.addStored(block.count)
            fanOut.send(block)
        }

        while let next = blocks.pop() {
            guard let stored = next.take(stop: stop) else { return }
            if let encoded = stored.encoded { frame.add(encoded) }
            send(stored.block)
        }
        guard !stop.isStopped else { return }
        if let end = try Self.block(of: frame.closing) { send(end) }
        fanOut.close()
        totals.keep(Totals(bytes: bytes, sha256: hasher.map { hex($0.finish()) }))
    }

    private static func block(of bytes: [UInt8]) throws(BackupError) -> Block? {
        guard !bytes.isEmpty else { return nil }
        let pool: BlockPool
        do { pool = try BlockPool(count: 1, capacity: bytes.count) } catch {
            throw BackupError(.busy, "there is no memory for the end of a stream", cause: error)
        }
        let block = pool.take()
        block?.append(bytes)
        return block
    }
}
