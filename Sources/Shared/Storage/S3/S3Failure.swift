import Domain
import Foundation
import Transfer

/// Why one S3 request failed, before it is decided what that means.
struct S3Failure: Error {
    enum Kind: Equatable {
        /// The same may succeed later.
        case later
        /// What the store confirms is not what was sent: worth another try.
        case corrupted
        /// The object is there with other bytes: another try would only find its name taken.
        case damaged
        case expiredCredentials
        case skewedClock
        /// The bucket is elsewhere.
        case elsewhere
        case absentKey
        case absentBucket
        case absentUpload
        /// `If-None-Match` or `If-Match` did not hold.
        case precondition
        case notImplemented
        case refused
        case stopped
    }

    var kind: Kind
    var status = 0
    /// S3's own code, or empty.
    var code = ""
    var message = ""
    var retryAfter: Duration?
    var date: Date?
    var region: String?
    var host: String?
    var cause: (any Error)?

    init(_ kind: Kind, message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    init(_ error: TransferError) {
        self.init(
            error.kind == .stopped ? .stopped : error.isWorthRetrying ? .later : .refused, message: "", cause: error)
    }

    /// No credentials: their provider says itself whether that passes.
    init(_ error: BackupError) {
        self.init(error.code.isWorthRetrying ? .later : .refused, message: "", cause: error)
    }

    /// An answer that is not 2xx, or a 2xx whose body says `<Error>`.
    init(_ response: HTTPResponse, method: String) {
        let document = XMLNode.parse(response.body)
        let error = document?.name == "Error" ? document : nil
        status = response.status
        code = error?.text("Code") ?? ""
        message = String((error?.text("Message") ?? "").filter { !$0.isNewline }.prefix(300))
        let sentAt = response["Date"].flatMap(AWSDate.http)
        date = sentAt
        retryAfter = response["Retry-After"].flatMap { Self.pause($0, from: sentAt) }
        region = response["x-amz-bucket-region"] ?? error?.text("Region")
        host = error?.text("Endpoint") ?? response["Location"].flatMap { URLComponents(string: $0)?.host }
        kind = Self.kind(status: status, code: code, isHead: method == "HEAD")
    }

    /// `Retry-After` is in seconds, or a time by the store's own clock.
    private static func pause(_ text: String, from date: Date?) -> Duration? {
        if let seconds = Int64(text) { return .seconds(min(max(0, seconds), 1_000_000)) }
        guard let date, let until = AWSDate.http(text) else { return nil }
        return .seconds(max(0, until.timeIntervalSince(date)))
    }

    private static func kind(status: Int, code: String, isHead: Bool) -> Kind {
        switch code {
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired": return .expiredCredentials
        case "RequestTimeTooSkewed": return .skewedClock
        case "NoSuchBucket": return .absentBucket
        case "NoSuchUpload": return .absentUpload
        case "NoSuchKey", "NoSuchVersion": return .absentKey
        case "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
            "IllegalLocationConstraintException":
            return .elsewhere
        case "PreconditionFailed": return .precondition
        case "NotImplemented": return .notImplemented
        case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody", "XAmzContentChecksumMismatch":
            return .corrupted
        case "SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "Throttling", "ThrottlingException",
            "TooManyRequests", "RequestLimitExceeded", "OperationAborted", "ConditionalRequestConflict":
            return .later
        default: break
        }
        return switch status {
        case 301, 302, 307, 308: .elsewhere
        // A 404 without S3's own words may come from anything that stands between; HEAD alone has no words.
        case 404: isHead ? .absentKey : code.isEmpty ? .later : .refused
        case 412: .precondition
        case 501: .notImplemented
        case 408, 429, 500, 502, 503, 504, 200..<300: .later
        // An answer to HEAD has no body, and so no code: this is how expired credentials show there.
        case 400 where isHead: .expiredCredentials
        default: .refused
        }
    }

    /// The store does not know who asks.
    var isOfCredentials: Bool {
        [
            "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidSecurity", "ExpiredToken",
            "ExpiredTokenException", "TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed",
        ].contains(code)
    }

    /// The store knows who asks, and does not let him do this.
    var lacksRight: Bool { kind == .refused && status == 403 && !isOfCredentials }

    var isWorthRetrying: Bool { kind == .later || kind == .corrupted }
}
