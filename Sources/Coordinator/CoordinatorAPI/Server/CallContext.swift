import Hummingbird
import NIOCore

/// What the router carries along with one request.
struct CallContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The other end, as this connection's guard knows it. Throws `CancellationError` when the connection is gone.
    func peer() async throws -> Peer {
        let channel = channel
        do {
            return try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).peer
            }.get()
        } catch {
            throw CancellationError()
        }
    }

    /// The client's address without its port.
    var remote: String { channel.remoteAddress?.ipAddress ?? "unknown" }

    /// Whom its failures count against.
    var origin: String { AddressThrottle.origin(remote) }
}
