import Deflate
import Domain
import Threads

/// A block on its way out: stored bytes, and what the stream's end must know of them.
struct StoredBlock: Sendable {
    let block: Block
    /// Nil for bytes that no codec has touched.
    let encoded: EncodedBlock?
}

/// Compresses blocks on several threads at once and hands them on in the order in which they came.
///
/// Each result has its block before its work begins, in order: later blocks can never hold all the memory while an earlier
/// one waits for some. Used by the thread that reads.
final class CodecStage {
    private struct Job: Sendable {
        let plain: Block
        let output: Block
        let result: Promise<StoredBlock>
    }

    /// What the results are read from, in order.
    let results: BoundedQueue<Promise<StoredBlock>>

    private let stop: StopSignal
    private let opening: [UInt8]
    private let jobs: BoundedQueue<Job>
    private let plainBlocks: BlockPool
    private let storedBlocks: BlockPool?
    private var isFirst = true

    init(_ codec: Codec, workers: Int, threads: ThreadGroup<BackupError>) throws(BackupError) {
        let budget = ChainBudget(codec, workers: workers)
        stop = threads.stop
        opening = StreamFrame(codec).opening
        jobs = BoundedQueue(capacity: budget.blocks, stop: stop)
        results = BoundedQueue(capacity: budget.blocks, stop: stop)
        do {
            plainBlocks = try BlockPool(count: budget.plainBlocks, capacity: codec.blockBytes, stop: stop)
            storedBlocks =
                codec == .none
                ? nil : try BlockPool(count: budget.storedBlocks, capacity: codec.encodedBlockBytes, stop: stop)
        } catch {
            throw BackupError(.busy, "there is no memory for a backup's buffers", cause: error)
        }
        for _ in 0..<budget.workers {
            threads.spawn("chain-codec") { [jobs] () throws(BackupError) in try Self.work(codec, jobs) }
        }
    }

    /// An empty block for plain bytes. Throws `.cancelled` when stopped.
    func freeBlock() throws(BackupError) -> Block {
        guard let block = plainBlocks.take() else { throw .chainStopped }
        return block
    }

    /// Takes a filled block.
    func submit(_ plain: Block) throws(BackupError) {
        guard let storedBlocks else {
            guard results.push(Promise(StoredBlock(block: plain, encoded: nil))) else { throw .chainStopped }
            return
        }
        guard let output = storedBlocks.take() else { throw .chainStopped }
        if isFirst { output.append(opening) }
        isFirst = false
        let job = Job(plain: plain, output: output, result: Promise())
        guard results.push(job.result), jobs.push(job) else { throw .chainStopped }
    }

    /// No more blocks will come.
    func close() {
        jobs.close()
        results.close()
    }

    private static func work(_ codec: Codec, _ jobs: BoundedQueue<Job>) throws(BackupError) {
        do throws(DeflateError) {
            let encoder = try BlockEncoder(codec)
            while let job = jobs.pop() {
                var encoded: EncodedBlock?
                try job.plain.withFilled { (plain) throws(DeflateError) in
                    try job.output.fill { (room) throws(DeflateError) in
                        let block = try encoder.encode(plain, into: room)
                        encoded = block
                        return block.encodedBytes
                    }
                }
                job.result.keep(StoredBlock(block: job.output, encoded: encoded))
            }
        } catch {
            throw BackupError(error.kind == .level ? .configuration : .bug, "compressing", cause: error)
        }
    }
}
