import Synchronization

/// Wakes services before their next round is due. Rings while nobody listens are kept, once.
final class Bells: Sendable {
    enum Bell: CaseIterable { case confirmation, alerts, deletion, verification }

    private let streams: [Bell: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)]

    init() {
        streams = Dictionary(
            uniqueKeysWithValues: Bell.allCases.map { ($0, AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))) })
    }

    func ring(_ bell: Bell) { streams[bell]?.continuation.yield() }

    /// For the one service that listens to this bell.
    func listen(_ bell: Bell) -> AsyncStream<Void>? { streams[bell]?.stream }
}
