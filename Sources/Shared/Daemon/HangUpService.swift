import Logging
import ServiceLifecycle
import UnixSignals

/// SIGHUP, which by itself would end the program without a word, and which a service manager takes for a clean end.
struct HangUpService: Service {
    let onHangUp: @Sendable () async -> Void

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await onHangUp() }
    }
}
