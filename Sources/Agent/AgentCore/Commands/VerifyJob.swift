import Archive
import Domain
import Foundation
import Synchronization
import Threads
import Wire

/// Reads every object of a backup again, from its stored bytes to its last plain one (L2), as long as its size allows.
struct VerifyJob {
    let order: VerifyOrder
    let id: UUID
    let destinations: DestinationOpener
    let desk: CommandDesk
    /// How long it may take; nil for what its size allows.
    var longest: Duration?

    func run() async throws -> CommandDesk.End {
        for source in order.sources { try ReadingRule.check(source.object) }
        // Whoever sends the order may say what he likes of sizes.
        let total = order.sources.map(\.object.plainBytes).saturatingSum
        let stored = order.sources.map(\.object.storedBytes).saturatingSum
        let end = ContinuousClock.now + (longest ?? ReadingRule.longest(storedBytes: stored, plainBytes: total))
        let stop = await desk.stop(of: id)
        return try await withProgress(of: id, "verifying", total: total, to: desk) { counter in
            try await onThread(stop: stop) { () throws(BackupError) in
                for source in order.sources {
                    let reader = try ObjectReader(source, destinations: destinations, stop: stop)
                    let inspector = source.object.makeInspector()
                    try reader.decode { (chunk) throws(BackupError) in
                        if ContinuousClock.now > end { throw ReadingRule.tookTooLong }
                        inspector?.consume(chunk)
                        counter.add(chunk.count)
                    }
                    _ = try inspector?.finish()
                }
            }
            return .done(
                message:
                    "\(CountText.of(order.sources.count, "object")) read again at \(order.destination): sizes, SHA-256 and structure match",
                proof: .sound, restoredTo: nil, bytes: counter.bytes)
        }
    }
}

extension [ObjectReader] {
    /// Of all of them; what an order says of sizes may be anything.
    func total(_ size: (Manifest.Object) -> Int64) -> Int64 { map { size($0.object) }.saturatingSum }
}

extension [Int64] {
    /// The largest number where the sum is more than that.
    fileprivate var saturatingSum: Int64 {
        reduce(0) { sum, size in
            let (more, isTooMuch) = sum.addingReportingOverflow(Swift.max(0, size))
            return isTooMuch ? .max : more
        }
    }
}

/// Counts bytes on one thread for a reader on another.
final class ByteCounter: Sendable {
    private let count = Atomic<Int64>(0)

    var bytes: Int64 { count.load(ordering: .relaxed) }

    func add(_ bytes: Int) { count.add(Int64(bytes), ordering: .relaxed) }
}

/// Does the work, and tells the desk twice a second how far it is.
func withProgress<Value: Sendable>(
    of id: UUID, _ phase: String, total: Int64?, to desk: CommandDesk,
    _ work: (ByteCounter) async throws -> Value
) async throws -> Value {
    let counter = ByteCounter()
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            while !Task.isCancelled {
                await desk.update(
                    CommandProgress(command: id, phase: phase, bytes: counter.bytes, totalBytes: total))
                try await Task.sleep(for: .milliseconds(500))
            }
        }
        defer { group.cancelAll() }
        return try await work(counter)
    }
}
