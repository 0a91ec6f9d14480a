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
    let voice: AgentVoice
    let logger: Logger

    /// At most this much in one batch; the coordinator takes 16 MiB.
    private static let batchItems = 200
    private static let batchBytes = 8 << 20

    func run() async throws {
        try await untilShutdown {
            var backoff = Backoff()
            var size = Self.batchItems
            for await _ in spool.arrivals {
                while await spool.depth > 0, !Task.isCancelled {
                    do {
                        try await deliver(&size)
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

    /// Sends the oldest items, at most `size` of them. One that the coordinator refuses as a whole request is found by
    /// halving, and put aside: it must not hold up the others for ever.
    private func deliver(_ size: inout Int) async throws {
        let batch = await spool.oldest(count: size, bytes: Self.batchBytes)
        guard let first = batch.first else {
            throw BackupError(.busy, "the spool cannot be read just now")
        }
        let receipt: ReportReceipt
        do {
            var message = ReportBatch(items: batch.map(\.item))
            message.instance = voice.process.instance
            receipt = try await link.current().report(message)
        } catch let error as BackupError where Self.isVerdict(error) {
            guard batch.count == 1 else {
                size = batch.count / 2
                return
            }
            // When even an empty batch is refused it is this agent that is refused: then nothing is put aside.
            _ = try await link.current().report(ReportBatch(items: []))
            logger.error("a report is refused and put aside", metadata: ["file": "\(first.name)", "error": "\(error)"])
            await spool.putAside(first.name)
            return
        }
        size = Self.batchItems
        for refusal in receipt.refused {
            logger.error(
                "the coordinator refuses a report, which is put aside", metadata: ["reason": "\(refusal.reason)"])
        }
        let refused = Set(receipt.refused.map(\.id))
        for (name, item) in batch where refused.contains(item.id) { await spool.putAside(name) }
        let done = Set(receipt.acknowledged)
        let names = Set(batch.filter { done.contains($0.item.id) }.map(\.name))
        guard !names.isEmpty || !refused.isEmpty else {
            throw BackupError(.unreachable, "the coordinator acknowledged none of \(batch.count) reports")
        }
        await spool.remove(names)
    }

    /// Whether asking again with the same bytes gets the same answer. All else is the coordinator's own trouble, which passes.
    private static func isVerdict(_ error: BackupError) -> Bool {
        [.forbidden, .usage].contains(error.code)
    }
}
