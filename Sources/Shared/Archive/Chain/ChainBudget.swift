package import Deflate

/// How many threads and blocks a chain may have: 36 MiB of blocks at most, whatever the cores and the codec (P10).
package struct ChainBudget: Sendable, Equatable {
    /// Blocks that a sink may be behind the others.
    static let sinkBlocks = 4
    private static let limit = 36 << 20

    package let workers: Int
    /// One for each worker, one being read into, one ready.
    package let plainBlocks: Int
    /// One for each worker, one being hashed, and what the sinks may hold.
    package let storedBlocks: Int

    /// Memory of all blocks.
    package let bytes: Int

    var blocks: Int { plainBlocks + storedBlocks }

    package init(_ codec: Codec, workers: Int) {
        if codec == .none {
            (self.workers, plainBlocks, storedBlocks) = (0, 3 + Self.sinkBlocks, 0)
        } else {
            let fixed = 3 + Self.sinkBlocks
            let most = (Self.limit / codec.encodedBlockBytes - fixed) / 2
            let workers = max(1, min(workers, most))
            (self.workers, plainBlocks, storedBlocks) = (workers, workers + 2, workers + 1 + Self.sinkBlocks)
        }
        bytes = plainBlocks * codec.blockBytes + storedBlocks * codec.encodedBlockBytes
    }
}
