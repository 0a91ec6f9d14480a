import CoordinatorClient
import Domain
import Foundation
import Logging
import ServiceLifecycle
import Wire

/// Delivers the spool, in order, and forgets only what the coordinator has committed.
struct ReportService: Service {
    let world: AgentWorld
    let link: CoordinatorLink
    let spool: Spool
    let logger: Logger

    /// At most this much in one batch; the coordinator takes 16 MiB.
    private static let batchItems = 200
    private static let batchBytes = 8 << 20

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var backoff = Backoff()
            for await _ in spool.arrivals {
                while await spool.depth > 0, !Task.isCancelled {
                    do {
                        try await deliver()
                        backoff.succeeded()
                    } catch {
                        if Task.isCancelled { return }
                        let pause = backoff.failed(error, chance: world.chance())
                        logger.warning("reports wait", metadata: ["error": "\(error)", "again in": "\(Int(pause)) s"])
                        try await Task.sleep(for: .seconds(pause))
                    }
                }
            }
        }
    }

    private func deliver() async throws {
        let batch = await spool.oldest(count: Self.batchItems, bytes: Self.batchBytes)
        guard !batch.isEmpty else { return }
        let receipt = try await link.current().report(ReportBatch(items: batch.map(\.item)))
        for refusal in receipt.refused {
            logger.error("the coordinator refuses a report for good", metadata: ["reason": "\(refusal.reason)"])
        }
        let done = Set(receipt.acknowledged + receipt.refused.map(\.id))
        let names = Set(batch.filter { done.contains($0.item.id) }.map(\.name))
        guard !names.isEmpty else {
            throw BackupError(.unreachable, "the coordinator acknowledged none of \(batch.count) reports")
        }
        await spool.remove(names)
    }
}
