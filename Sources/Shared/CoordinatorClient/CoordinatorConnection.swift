import Domain
import Foundation
import Threads
import Transfer
import Wire

/// One HTTP exchange with the coordinator; blocks its thread, and ends when the signal says so.
typealias HTTPExchange = @Sendable (HTTPRequest, StopSignal) throws(TransferError) -> HTTPResponse

/// JSON calls over one way to the coordinator. What it throws is always a ``BackupError``.
struct CoordinatorConnection: Sendable {
    /// `https://host:port`, without a slash at the end.
    let base: String
    var headers: [(name: String, value: String)] = []
    let exchange: HTTPExchange
    /// No call may take longer, in seconds.
    var mostSeconds = Int.max

    /// Answers larger than this are not from our coordinator.
    static let answerLimit = 64 << 20

    init(url: String, options: TransferOptions) throws(BackupError) {
        let base = try CoordinatorAddress.checked(url)
        var options = options
        options.minimumTLS = .tls13
        // A proxy of the surroundings has nothing to do with this very machine.
        if CoordinatorAddress.isLoopback(base) { options.proxy = .none }
        let client = TransferClient(options)
        self.init(base: base) { request, stop throws(TransferError) in
            try client.send(request, stop: stop)
        }
    }

    init(base: String, exchange: @escaping HTTPExchange) {
        self.base = base
        self.exchange = exchange
    }

    /// Sends, waits on a thread of its own, and reads the answer. Cancelling the task ends the exchange within a second.
    func answer<Answer: Decodable & Sendable>(_ call: CoordinatorCall, stop: StopSignal? = nil) async throws -> Answer {
        try AnswerReader.value(from: await perform(call, stop: stop), of: call)
    }

    /// The same, for calls that answer nothing.
    func done(_ call: CoordinatorCall, stop: StopSignal? = nil) async throws {
        try AnswerReader.success(from: await perform(call, stop: stop), of: call)
    }

    private func perform(_ call: CoordinatorCall, stop: StopSignal?) async throws(BackupError) -> HTTPResponse {
        var request = HTTPRequest(
            call.method, base + call.target, headers: headers, deadline: .seconds(min(call.seconds, mostSeconds)),
            stallAfter: .zero)
        request.answerLimit = Self.answerLimit
        request.headers.append(("Accept", "application/json, \(Problem.contentType)"))
        if let body = call.body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(body)
        }
        // The task's end must not stop what others share with `stop`.
        let own = stop.map(StopSignal.init(following:)) ?? StopSignal()
        let (exchange, final) = (exchange, request)
        do throws(TransferError) {
            return try await onThread(stop: own) { () throws(TransferError) in try exchange(final, own) }
        } catch {
            throw BackupError(reaching: base, error)
        }
    }
}

extension BackupError {
    /// What a transfer's failure means to one who asks the coordinator.
    init(reaching base: String, _ error: TransferError) {
        switch error.kind {
        case .resolve, .connect, .timeout, .reset, .tooLarge, .other, .refused:
            self.init(.unreachable, "the coordinator at \(base) cannot be reached", cause: error)
        case .tls:
            self.init(
                .forbidden,
                "no trust between this side and the coordinator at \(base) (its certificate, its name in it, or ours)",
                cause: error)
        case .stopped: self.init(.cancelled, "stopped while asking the coordinator")
        case .invalid: self.init(.usage, "the coordinator's address \(base) cannot be used", cause: error)
        case .ended: self.init(.bug, "asking the coordinator", cause: error)
        }
    }
}
