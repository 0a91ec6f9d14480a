import Domain
import Foundation
import Synchronization
import Threads
import Transfer

/// Addresses, signs and sends requests to one bucket, and tries again what may pass. Safe from several threads.
final class S3Session: Sendable {
    private struct State {
        var address: S3Address
        /// What the store's clock is ahead of ours, once it has complained.
        var clockOffset: TimeInterval = 0
        /// What the store was seen to refuse.
        var refused: Set<S3Refusal> = []
        /// It has taken our credentials for good.
        var knowsUs = false
    }

    /// What one try went out with: another thread may have mended it since.
    private struct Used {
        var address: S3Address?
        var credentials: Credentials?
    }

    let configuration: S3Configuration
    private let credentials: any CredentialProvider
    private let client: TransferClient
    private let now: @Sendable () -> Date
    private let state: Mutex<State>

    init(
        _ configuration: S3Configuration, credentials: any CredentialProvider, client: TransferClient,
        now: @escaping @Sendable () -> Date
    ) throws(BackupError) {
        self.configuration = configuration
        self.credentials = credentials
        self.client = client
        self.now = now
        let address = try S3Address(configuration)
        isAWS = address.isAWS
        identity = "\(address.scheme)://\(address.host)/\(configuration.bucket)"
        state = Mutex(State(address: address, refused: S3Refusal.all(in: configuration.ways)))
    }

    /// Whether the store is known to refuse that. It is sent no more then.
    func refuses(_ what: S3Refusal) -> Bool { state.withLock { $0.refused.contains(what) } }

    func noteRefusal(of what: S3Refusal) { state.withLock { _ = $0.refused.insert(what) } }

    /// Whether the store is Amazon's own.
    let isAWS: Bool

    /// Which store and bucket this is, for the journal: as configured, so that it stays the same when a store redirects.
    let identity: String

    /// Sends until it succeeds, or until that is hopeless or has taken too long.
    ///
    /// `operation` is asked anew before each try. `send` does the transfer. `read` makes the result, and may find the
    /// answer wrong. `beforeRetry` may end it with a result of its own (the answer was lost, but the deed was done).
    func perform<Value>(
        _ operation: () -> S3Operation, stop: StopSignal?, retry: RetryPolicy? = nil,
        send: (HTTPRequest) throws(TransferError) -> HTTPResponse, read: (HTTPResponse) throws(S3Failure) -> Value,
        beforeRetry: (S3Failure, inout Retries) -> Value? = { _, _ in nil }
    ) throws(S3Problem) -> Value {
        var retries = Retries(retry ?? configuration.retry)
        var mended: [S3Failure.Kind] = []
        while true {
            var operation = operation()
            // Whoever has little patience for all tries has not more for one.
            if let retry { operation.deadline = operation.deadline.map { min($0, retry.budget) } ?? retry.budget }
            var used = Used()
            do throws(S3Failure) {
                return try read(try attempt(operation, &used, send))
            } catch {
                if !mended.contains(error.kind), mend(error, used) {
                    mended.append(error.kind)
                    continue
                }
                let problem = S3Problem(
                    error, operation.doing, bucket: configuration.bucket, attempts: retries.failures + 1)
                guard error.isWorthRetrying else { throw problem }
                if let value = beforeRetry(error, &retries) { return value }
                guard let pause = retries.pause(asked: error.retryAfter) else { throw problem }
                guard wait(pause, stop: stop) else {
                    throw S3Problem(
                        S3Failure(.stopped, message: "stopped"), operation.doing, bucket: configuration.bucket,
                        attempts: 1)
                }
            }
        }
    }

    /// The same with the whole answer in memory.
    func perform<Value>(
        _ operation: S3Operation, stop: StopSignal?, retry: RetryPolicy? = nil,
        read: (HTTPResponse) throws(S3Failure) -> Value,
        beforeRetry: (S3Failure, inout Retries) -> Value? = { _, _ in nil }
    ) throws(S3Problem) -> Value {
        try perform(
            { operation }, stop: stop, retry: retry,
            send: { (request) throws(TransferError) in try client.send(request, stop: stop) }, read: read,
            beforeRetry: beforeRetry)
    }

    /// A URL that lets anybody read one object until `expires` seconds from now.
    func presign(_ key: String, expires: Int) throws(BackupError) -> String {
        let (address, offset) = state.withLock { ($0.address, $0.clockOffset) }
        let signer = SignatureV4(
            credentials: try credentials.credentials(replacing: nil), region: address.region, service: "s3", rule: .s3,
            at: now() + offset)
        let path = address.path(key)
        let request = SignatureV4.Request(
            method: "GET", path: path, headers: [("Host", address.host)], payloadHash: "UNSIGNED-PAYLOAD")
        return "\(address.scheme)://\(address.host)\(path)?\(signer.query(for: request, expires: expires))"
    }

    private func attempt(
        _ operation: S3Operation, _ used: inout Used, _ send: (HTTPRequest) throws(TransferError) -> HTTPResponse
    ) throws(S3Failure) -> HTTPResponse {
        let request: HTTPRequest
        do throws(BackupError) {
            request = try signed(operation, &used)
        } catch {
            throw S3Failure(error)
        }
        let response: HTTPResponse
        do throws(TransferError) {
            response = try send(request)
        } catch {
            throw S3Failure(error)
        }
        guard (200..<300).contains(response.status) else {
            var failure = S3Failure(response, method: operation.method)
            if operation.method == "HEAD", failure.lacksRight, let told = trueCause(operation, &used) { failure = told }
            if let date = failure.date, failure.status == 403, operation.method == "HEAD",
                abs(date.timeIntervalSince(clock)) > 300
            {
                failure.kind = .skewedClock  // HEAD carries no code that would say so
            }
            failure.message = redacted(failure.message, used.credentials)
            throw failure
        }
        state.withLock { $0.knowsUs = true }
        return response
    }

    /// An answer to HEAD has no words: a wrong secret looks like a right that is missing. GET tells them apart; asked until the
    /// store has once shown that it knows us.
    private func trueCause(_ operation: S3Operation, _ used: inout Used) -> S3Failure? {
        guard !state.withLock({ $0.knowsUs }) else { return nil }
        var question = operation
        question.method = "GET"
        question.headers = [("Range", "bytes=0-0")]
        question.deadline = .seconds(10)
        question.answerLimit = 64 << 10
        // Without an answer to this one, that to HEAD stands.
        guard let request = try? signed(question, &used), let answer = try? client.send(request, stop: nil) else {
            return nil
        }
        let failure = S3Failure(answer, method: "GET")
        guard !(200..<300).contains(answer.status), failure.isOfCredentials else {
            state.withLock { $0.knowsUs = true }
            return nil
        }
        return failure
    }

    /// Signed with the clock and the credentials of this moment.
    private func signed(_ operation: S3Operation, _ used: inout Used) throws(BackupError) -> HTTPRequest {
        let (address, offset) = state.withLock { ($0.address, $0.clockOffset) }
        let credentials = try credentials.credentials(replacing: nil)
        used = Used(address: address, credentials: credentials)
        let digest = operation.bodyDigest.hexText
        let path = address.path(operation.key)
        let unsigned = SignatureV4.Request(
            method: operation.method, path: path, query: operation.query,
            headers: [("Host", address.host), ("x-amz-content-sha256", digest)] + operation.headers, payloadHash: digest
        )
        let signer = SignatureV4(
            credentials: credentials, region: address.region, service: "s3", rule: .s3, at: now() + offset)
        let query = operation.query.isEmpty ? "" : "?\(URIEncoding.canonicalQuery(operation.query))"
        var request = HTTPRequest(
            operation.method, "\(address.scheme)://\(address.host)\(path)\(query)",
            headers: signer.headers(for: unsigned),
            body: operation.body, deadline: operation.deadline, stallAfter: operation.stallAfter)
        (request.answerLimit, request.isSentOnce) = (operation.answerLimit, operation.isSentOnce)
        return request
    }

    /// Removes the cause of a failure where that is possible: once for each kind in an operation.
    private func mend(_ failure: S3Failure, _ used: Used) -> Bool {
        switch failure.kind {
        case .expiredCredentials:
            // If there are no others, the failure itself says it better than the provider's error.
            guard let old = used.credentials, let new = try? credentials.credentials(replacing: old) else {
                return false
            }
            return new != old
        case .skewedClock:
            guard let date = failure.date else { return false }
            state.withLock { $0.clockOffset = date.timeIntervalSince(now()) }
            return true
        case .elsewhere:
            return state.withLock { state in
                guard state.address == used.address else { return true }
                guard let moved = state.address.moved(region: failure.region, host: failure.host) else { return false }
                state.address = moved
                return true
            }
        default: return false
        }
    }

    private var clock: Date { now() + state.withLock { $0.clockOffset } }

    /// A store must not be able to put our own token into a log.
    private func redacted(_ message: String, _ credentials: Credentials?) -> String {
        [credentials?.sessionToken, credentials?.secretAccessKey].compactMap(\.self)
            .reduce(message) { $0.replacing($1, with: "[secret]") }
    }
}

/// A failure that no further try will mend, and what it means.
struct S3Problem: Error {
    let failure: S3Failure
    let meaning: BackupError

    init(_ failure: S3Failure, _ doing: String, bucket: String, attempts: Int) {
        self.failure = failure
        meaning = failure.meaning(doing, bucket: bucket, attempts: attempts)
    }
}

/// Waits on this thread; false when `stop` was stopped first.
func wait(_ time: Duration, stop: StopSignal?) -> Bool {
    let end = ContinuousClock.now + time
    while stop?.isStopped != true {
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return true }
        Thread.sleep(forTimeInterval: min(left, .milliseconds(50)) / .seconds(1))
    }
    return false
}
