import ServiceLifecycle

/// Does a service's endless work until the agent is told to end, which is how it ends well.
///
/// The end reaches the work as cancellation, so a `CancellationError` that it throws then is no failure of the service.
func untilShutdown(_ work: @Sendable @escaping () async throws -> Void) async throws {
    do {
        try await cancelWhenGracefulShutdown(work)
    } catch is CancellationError where Task.isShuttingDownGracefully || Task.isCancelled {}
}

/// Waits for the end: a service that returned before would end the others.
func untilTold() async {
    // Ends by graceful shutdown or by cancellation, and both mean the same here.
    try? await gracefulShutdown()
}
