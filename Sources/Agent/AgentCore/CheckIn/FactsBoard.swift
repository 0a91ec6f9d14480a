import Domain
import Engines
import Foundation
import Logging
import ServiceLifecycle
import Wire

/// What the agent knows of its databases, looked at every ten minutes and told when it changed.
actor FactsBoard {
    /// nil until they were looked at. None at all is something to tell, too.
    private var facts: [DatabaseFacts]?
    private var told: [DatabaseFacts]?
    private let continuation: AsyncStream<Void>.Continuation
    /// Yields when there is something to tell. For one listener.
    nonisolated let changes: AsyncStream<Void>

    init() { (changes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// What to put into the next check-in: everything when something changed, nil when nothing did.
    var news: [DatabaseFacts]? { facts == told ? nil : facts }

    /// The coordinator has them now.
    func wasTold(_ told: [DatabaseFacts]) { self.told = told }

    /// The coordinator asks for all of them.
    func tellAgain() {
        told = nil
        continuation.yield()
    }

    private var isLookWanted = false

    /// A backup of the database is there: what was in the way of one is over, and is looked at again.
    func backedUp(_ name: DatabaseName) {
        if facts?.contains(where: { $0.name == name && $0.problem != nil }) == true { isLookWanted = true }
    }

    /// Whether to look now, once.
    func takeWanted() -> Bool {
        defer { isLookWanted = false }
        return isLookWanted
    }

    func replace(_ facts: [DatabaseFacts]) {
        self.facts = facts
        if news != nil { continuation.yield() }
    }
}

struct FactsService: Service {
    let configuration: LiveConfiguration
    let engines: EngineCatalog
    let board: FactsBoard
    let logger: Logger

    func run() async throws {
        try await untilShutdown {
            let look = FactsLook(engines: engines, logger: logger)
            var known: Int?
            while !Task.isCancelled {
                let (databases, revision) = (configuration.current.databases, configuration.revision)
                if revision != known {
                    // Names and labels are known at once, so that the plan does not wait for a database that is slow to answer.
                    await board.replace(databases.map { DatabaseFacts($0, nil, nil) })
                    // What the host allows is told with its databases, and may be all that changed.
                    if known != nil { await board.tellAgain() }
                    known = revision
                    await look.forget()
                }
                await board.replace(await look.round(databases))
                for _ in 0..<600 where configuration.revision == revision {
                    if await board.takeWanted() {
                        await look.forget()
                        break
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        }
    }
}
