import Domain
import Logging
import ServiceLifecycle

/// Does something at once, then at every interval and whenever its bell rings, until shutdown. A round that fails is
/// logged, and the next one comes all the same.
struct RoundsService: Service, CustomStringConvertible {
    let name: String
    let interval: Duration
    let line: Bells.Line
    let logger: Logger
    let round: @Sendable () async throws(BackupError) -> Void

    var description: String { name }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        line.ring.yield()
                        // Ends early only when the service ends.
                        try? await Task.sleep(for: interval)
                    }
                }
                for await _ in line.rings { await work() }
                group.cancelAll()
            }
        }
    }

    private func work() async {
        do throws(BackupError) {
            try await round()
        } catch  where error.code == .cancelled {
            return
        } catch {
            logger.error("\(name) failed; tried again later", metadata: ["error": "\(error)"])
        }
    }
}

/// At shutdown answers every check-in that is held, so that the server can end.
struct HeldCheckInsService: Service {
    let presence: Presence

    func run() async throws {
        // Ends by graceful shutdown or by cancellation, and both mean the same here.
        try? await gracefulShutdown()
        presence.close()
    }
}
