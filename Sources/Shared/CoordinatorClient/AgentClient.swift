package import Domain
package import Threads
import Transfer
package import Wire

/// The coordinator, as an agent with its certificate calls it. Safe to use from several tasks at once.
///
/// Every call throws ``BackupError``: `.unreachable` is "ask again" (obey ``BackupError/retryAfterSeconds``),
/// `.forbidden` is a certificate that is not accepted, `.cancelled` is the task or the signal.
package struct AgentClient: Sendable {
    let connection: CoordinatorConnection

    /// `caPEM` is all that is trusted. Make a new client when the certificate was renewed. Throws `.usage` for a bad address.
    /// `name` is told along: a coordinator that has forgotten its agents knows them by it.
    package init(
        url: String, caPEM: String, certificatePEM: String, keyPEM: String, name: String? = nil
    ) throws(BackupError) {
        var options = TransferOptions()
        options.trust = .pem(Array(caPEM.utf8))
        options.identity = .init(certificate: Array(certificatePEM.utf8), key: Array(keyPEM.utf8))
        var connection = try CoordinatorConnection(url: url, options: options)
        if let name { connection.headers = [("Holdfast-Agent", name)] }
        self.connection = connection
    }

    init(connection: CoordinatorConnection) { self.connection = connection }

    /// The long poll: returns when the coordinator has something to say or `waitSeconds` have passed. `stop` ends it
    /// within a second.
    package func checkIn(_ request: CheckInRequest, stop: StopSignal? = nil) async throws -> CheckInResponse {
        // The margin is for the way there and back and for a coordinator that is busy at the end of the poll.
        let call = try CoordinatorCall.post("agent", "check-in", sending: request, seconds: request.waitSeconds + 20)
        return try await connection.answer(call, stop: stop)
    }

    /// Fresh addresses for a restore that is at work. Throws `.notFound` from a coordinator that does not know how.
    package func links(_ request: LinkRequest) async throws -> LinkResponse {
        try await connection.answer(.post("agent", "links", sending: request))
    }

    /// The plan that this host would have with these databases. Throws `.notFound` from a coordinator that does not know how.
    package func plan(_ question: PlanQuestion) async throws -> PlanAnswer {
        try await connection.answer(.post("agent", "plan", sending: question))
    }

    /// Delivers what waits in the spool. What the receipt names is committed, and only that.
    package func report(_ batch: ReportBatch, stop: StopSignal? = nil) async throws -> ReportReceipt {
        try await connection.answer(.post("agent", "reports", sending: batch), stop: stop)
    }
}
