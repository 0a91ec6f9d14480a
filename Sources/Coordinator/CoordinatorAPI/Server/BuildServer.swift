package import CoordinatorCore
import Domain
package import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
package import ServiceLifecycle

/// The API and the status page over one coordinator, as a service that ends with graceful shutdown. `holdfast serve` and
/// the tests call it.
///
/// Throws `.configuration` when the coordinator's certificate cannot be used; `run()` throws when it cannot listen.
/// `onListening` is told the port once connections are accepted.
package func buildServer(
    coordinator: Coordinator, configuration: ServerConfiguration, now: @escaping @Sendable () -> Date, logger: Logger,
    onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
) throws -> any Service {
    let limits = configuration.limits
    let sessions = SessionStore(coordinator: coordinator, now: now)
    let throttle = AddressThrottle(allowed: limits.failures, holdsUpStrangers: false)
    let gate = Gate(coordinator: coordinator, sessions: sessions, throttle: throttle, now: now)
    var routes = RouteTable(gate: gate, limits: limits)
    routes.addEnrolment(coordinator)
    routes.addAgent(coordinator)
    routes.addStatus(coordinator)
    routes.addAgents(coordinator)
    routes.addDatabases(coordinator)
    routes.addDecisions(coordinator)
    routes.addBackups(coordinator)
    routes.addRuns(coordinator)
    routes.addOperations(coordinator)
    routes.addCleanup(coordinator)
    routes.addAlerts(coordinator)
    routes.addSchedules(coordinator)
    routes.addDestinations(coordinator)
    routes.addApply(coordinator)
    routes.addTokens(coordinator)
    routes.addCatalog(coordinator)
    try routes.addPages(coordinator, sessions: sessions, now: now)

    let cap = min(limits.connections, OpenFileLimit.lift())
    let census = ConnectionCensus(
        most: Int(Double(cap) * limits.anonymousShare), fromOneAddress: limits.fromOneAddress ?? max(64, cap / 4))
    var http = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuard(limits: limits, census: census)],
        idleTimeout: TimeAmount(limits.idle))
    http.httpDecoder = .init(
        maxHeaderFieldSize: limits.headerField, maxHeaderListSize: limits.headers,
        maxHeaderFieldCount: limits.headerCount)
    return Application(
        router: routes.closed(),
        server: try .tls(.http1(configuration: http), tlsConfiguration: .coordinator(coordinator.serverIdentity)),
        configuration: ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
            availableConnectionsDelegate: .maximum(cap, logger: logger)),
        onServerRunning: { channel in await onListening(channel.localAddress?.port ?? configuration.port) },
        logger: logger)
}
