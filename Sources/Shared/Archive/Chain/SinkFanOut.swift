import Domain
import Synchronization
import Threads

/// Gives every stored block to every sink, each on a thread of its own with a short queue before it.
final class SinkFanOut: Sendable {
    private let lanes: [BoundedQueue<Block>]
    private let failures = Mutex<[Int: BackupError]>([:])

    init(_ sinks: [any ChainSink], threads: ThreadGroup<BackupError>) {
        lanes = sinks.map { _ in BoundedQueue(capacity: ChainBudget.sinkBlocks, stop: threads.stop) }
        for (index, sink) in sinks.enumerated() {
            let handed = Handover(sink)
            threads.spawn("chain-sink-\(index)") { [self] () throws(BackupError) in
                try feed(handed.value, index)
            }
        }
    }

    /// The sinks that have failed, by their place.
    var errors: [Int: BackupError] { failures.withLock { $0 } }

    /// Queues a block for every sink that still takes some; waits for the slowest.
    func send(_ block: Block) {
        for lane in lanes { _ = lane.push(block) }  // a lane that takes no more has said why
    }

    /// No more blocks will come.
    func close() { lanes.forEach { $0.close() } }

    private func feed(_ sink: any ChainSink, _ index: Int) throws(BackupError) {
        while let block = lanes[index].pop() {
            do throws(BackupError) {
                try block.withFilled { (bytes) throws(BackupError) in try sink.write(bytes) }
            } catch {
                lanes[index].abandon()
                let all = failures.withLock { failures in
                    failures[index] = error
                    return failures
                }
                if all.count == lanes.count { throw Self.together(all) }
                return
            }
        }
    }

    /// One error for all. Worth another try if one of them is.
    private static func together(_ errors: [Int: BackupError]) -> BackupError {
        let inOrder = errors.sorted { $0.key < $1.key }.map(\.value)
        let telling = inOrder.first { $0.code.isWorthRetrying } ?? inOrder[0]
        guard inOrder.count > 1 else { return telling }
        let all = inOrder.map(\.description).joined(separator: "; ")
        return BackupError(telling.code, "all \(inOrder.count) destinations failed: \(all)")
    }
}
