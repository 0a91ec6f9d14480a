import Synchronization

/// Wakes services before their next round is due. Rings while a service works are kept, once.
final class Bells: Sendable {
    enum Bell: CaseIterable {
        case supervision, confirmation, verification, alerts, deletion, sightings, comparison, probing, copies, rebuild
    }

    struct Line: Sendable {
        let rings: AsyncStream<Void>
        let ring: AsyncStream<Void>.Continuation

        init() { (rings, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)) }
    }

    private let lines = Dictionary(uniqueKeysWithValues: Bell.allCases.map { ($0, Line()) })

    func ring(_ bell: Bell) { lines[bell]?.ring.yield() }

    /// For the one service that listens to this bell.
    func line(_ bell: Bell) -> Line { lines[bell] ?? Line() }
}
