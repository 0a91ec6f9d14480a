import Domain
import Engines
import Foundation
import Logging
import ServiceLifecycle

/// Drops what restores that died left, at the start of the agent, and tells what else they keep here.
struct RemainsService: Service {
    let paths: AgentPaths
    let configuration: LiveConfiguration
    let world: AgentWorld
    let board: RemainsBoard
    let logger: Logger

    /// A server that does not answer yet is asked again.
    private static let pause = 600

    func run() async throws {
        try await untilShutdown {
            var told: Set<String> = []
            while !Task.isCancelled {
                let remains = RestoreRemains(
                    journal: RestoreJournal(paths, now: world.now), configuration: configuration.current, paths: paths)
                let now = world.now()
                do throws(BackupError) {
                    let (dropped, found) = try await remains.tidyAll()
                    await board.replace(found.items)
                    for item in dropped {
                        logger.notice(
                            "dropped what a restore that died left",
                            metadata: ["what": "\(item.words(now: now))", "by": "\(item.record.words)"])
                    }
                    // Once, however often it is looked at.
                    for item in found.items where told.insert(item.thing.words).inserted {
                        guard let words = item.told(now: now) else { continue }
                        logger.warning("left by a restore", metadata: ["what": "\(words)"])
                    }
                    for words in found.unknown where told.insert(words).inserted {
                        logger.warning("what a restore left was not looked at", metadata: ["what": "\(words)"])
                    }
                } catch {
                    logger.warning("what restores left was not looked at", metadata: ["error": "\(error)"])
                }
                for _ in 0..<Self.pause {
                    try await Task.sleep(for: .seconds(1))
                    if await board.takeStale() { break }
                }
            }
        }
    }
}
