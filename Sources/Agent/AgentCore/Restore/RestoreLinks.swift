import Archive
import Domain
import Foundation
import Logging
import Synchronization
import Threads
import Wire

/// The addresses of one restore's objects, asked for anew over the agent's own session before they run out: they are good for
/// minutes, and a restore takes hours.
final class RestoreLinks: Sendable {
    /// An address, and how often it was renewed before.
    struct Link: Sendable {
        let url: String
        let generation: Int
    }

    private struct State {
        var urls: [String: String]
        var generation = 0
        var hasEnded = false
    }

    private let state: Mutex<State>
    private let ask: @Sendable () async throws -> [ObjectSource]
    private let logger: Logger
    private let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation

    /// Well within what an address is good for.
    private static let renewal: Duration = .seconds(600)
    /// For so long a reader waits for another address.
    private static let patience: Duration = .seconds(120)

    init(_ sources: [ObjectSource], logger: Logger, ask: @escaping @Sendable () async throws -> [ObjectSource]) {
        state = Mutex(State(urls: Self.urls(sources)))
        self.ask = ask
        self.logger = logger
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The address of the object as it is now; nil for one that has none.
    func link(_ name: String) -> Link? {
        state.withLock { state in state.urls[name].map { Link(url: $0, generation: state.generation) } }
    }

    /// Asks for another address than that one, and waits on this thread until it is there. False when none came.
    func waitForNewer(than generation: Int, stop: StopSignal) -> Bool {
        wish.yield()
        let began = ContinuousClock.now
        while began.duration(to: .now) < Self.patience, !stop.isStopped {
            let (newest, hasEnded) = state.withLock { ($0.generation, $0.hasEnded) }
            if newest > generation { return true }
            if hasEnded { return false }
            Thread.sleep(forTimeInterval: 0.05)
        }
        return false
    }

    /// Does the work, and renews the addresses all the while.
    func renewing<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        guard state.withLock({ !$0.urls.isEmpty }) else { return try await work() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.renew() }
            defer {
                state.withLock { $0.hasEnded = true }
                group.cancelAll()
            }
            return try await work()
        }
    }

    private func renew() async {
        while !Task.isCancelled {
            await wait(Self.renewal)
            guard !Task.isCancelled else { return }
            do {
                let fresh = Self.urls(try await ask())
                state.withLock { state in
                    state.urls.merge(fresh) { $1 }
                    state.generation += 1
                }
            } catch {
                // The old ones may still be good, or the coordinator be back in a moment; a reader says when they are not.
                logger.warning("a restore's addresses could not be renewed", metadata: ["error": "\(error)"])
                await wait(.seconds(5), untilWished: false)
                // Whoever waits for another address wished once.
                wish.yield()
            }
        }
    }

    private func wait(_ time: Duration, untilWished: Bool = true) async {
        await withDiscardingTaskGroup { group in
            let wishes = wishes
            group.addTask {
                // Cancelled by a wish, or with the restore: either way the wait is over.
                guard (try? await Task.sleep(for: time)) != nil, untilWished else { return }
                self.wish.yield()
            }
            if untilWished {
                for await _ in wishes { break }
                group.cancelAll()
            }
        }
    }

    private static func urls(_ sources: [ObjectSource]) -> [String: String] {
        Dictionary(sources.compactMap { source in source.url.map { (source.object.name, $0) } }) { $1 }
    }
}
