package import Logging
package import ServiceLifecycle
import UnixSignals

/// Runs the services until one of them ends or throws, or until SIGTERM or SIGINT; then stops them in reverse order.
///
/// Ends within 30 seconds of the signal: 25 for the services to finish, then they are cancelled and have 5 more.
/// What others need (catalog, client) stands first in the list, workers last. systemd hears READY=1 when `whenReady`
/// has returned, and STOPPING=1 when the end begins. SIGHUP ends nothing: `onHangUp` is called, once for each, in turn. Throws
/// what a service threw.
package func runServices(
    _ services: [any Service], logger: Logger, onHangUp: @escaping @Sendable () async -> Void,
    whenReady: @escaping @Sendable () async throws -> Void = {}
) async throws {
    let announcement = ReadinessService(manager: .fromEnvironment, whenReady: whenReady, logger: logger)
    var group = ServiceGroupConfiguration(
        services: (services + [HangUpService(onHangUp: onHangUp), announcement]).map { service in
            .init(
                service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "\(type(of: service))")
        },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    // Both are nil by default: one stuck service would keep a half-dead daemon for ever.
    group.maximumGracefulShutdownDuration = .seconds(25)
    group.maximumCancellationDuration = .seconds(5)
    try await ServiceGroup(configuration: group).run()
}

/// Tells systemd when the others have started and when the end begins. Being last in the list, it is the first to stop.
struct ReadinessService: Service {
    let manager: ServiceManager
    let whenReady: @Sendable () async throws -> Void
    let logger: Logger

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await whenReady()
                // A wait that was cut short by the end is not readiness.
                try Task.checkCancellation()
            }
            report("READY=1")
        } catch is CancellationError {
            return
        }
        // Ends by graceful shutdown or by cancellation, and both mean the same here.
        try? await gracefulShutdown()
        report("STOPPING=1")
    }

    private func report(_ state: String) {
        do {
            try manager.notify(state)
        } catch {
            logger.warning("systemd was not told", metadata: ["state": "\(state)", "error": "\(error)"])
        }
    }
}
