import Domain
import Foundation
import HTTPTypes
import Wire

/// A request that cannot be served, as what is answered.
struct CallProblem: Error {
    let problem: Problem
    var fields: HTTPFields = [:]

    init(_ status: Int, _ word: String, _ title: String, detail: String? = nil, fields: HTTPFields = [:]) {
        problem = Problem(type: "urn:holdfast:\(word)", title: title, status: status, detail: detail)
        self.fields = fields
    }

    /// A refusal that the application found and not the connection's guard.
    init(_ refusal: Refusal) {
        problem = refusal.problem
        // What follows on that connection cannot be trusted to begin where it seems to.
        fields = [.connection: "close"]
    }

    static let encodedBody = CallProblem(
        415, "usage", "a request's body must come as it is, without Content-Encoding")

    static func bodyTooLarge(limit: Int) -> CallProblem {
        CallProblem(
            413, "usage", "the request's body is too large", detail: "at most \(limit) bytes are taken here",
            fields: [.connection: "close"])
    }

    static let notFound = CallProblem(404, "not-found", "there is nothing at this address")

    static func methodNotAllowed(allowed: String) -> CallProblem {
        CallProblem(405, "usage", "this address does not know that method", fields: [.allow: allowed])
    }

    static let needsToken = CallProblem(
        401, "forbidden", "a token is needed", detail: "send Authorization: Bearer with an operator's token",
        fields: [.wwwAuthenticate: "Bearer realm=\"holdfast\""])

    static let needsCertificate = CallProblem(
        401, "forbidden", "an agent's certificate is needed",
        detail: "this address is for agents; join this host with `holdfast-agent join`")

    static func forbidden(_ detail: String) -> CallProblem {
        CallProblem(403, "forbidden", "this is not allowed", detail: detail)
    }

    static func tooManyAttempts(retryAfter seconds: Int) -> CallProblem {
        CallProblem(
            429, "busy", "too many attempts", detail: "wait \(seconds) seconds",
            fields: [.retryAfter: String(seconds)])
    }

    static let goingDown = CallProblem(
        503, "unreachable", "the coordinator is stopping", fields: [.retryAfter: "1", .connection: "close"])

    static let unexpected = CallProblem(
        500, "bug", "the coordinator failed", detail: "its log says more")

    static let ownTrouble = CallProblem(
        503, "unreachable", "the coordinator has a trouble of its own",
        detail: "nothing is wrong with the message: send it again later; the coordinator's log says more",
        fields: [.retryAfter: "30"])

    /// Nil for an error that nobody foresaw.
    init?(_ error: any Error) {
        switch error {
        case let known as CallProblem: self = known
        case let mismatch as ProtocolMismatch:
            self.init(400, "protocol", "no common protocol", detail: mismatch.detail)
        case let failure as BackupError:
            guard failure.code != .bug else { return nil }
            self.init(failure)
        case is CancellationError: self = .goingDown
        default: return nil
        }
    }

    private init(_ error: BackupError) {
        var fields: HTTPFields = [:]
        let (status, word, title): (Int, String, String) =
            switch error.code {
            case .usage: (400, "usage", "the request is wrong")
            case .configuration: (400, "configuration", "a setting is wrong")
            case .forbidden: (403, "forbidden", "this is not allowed")
            case .notFound: (404, "not-found", "there is no such thing")
            case .exists: (409, "exists", "it is there already")
            case .busy: (409, "busy", "something else holds what is needed")
            case .integrity: (422, "integrity", "what is stored is not what it must be")
            case .sourceRefused: (422, "source-refused", "the database refuses")
            case .storageRefused: (422, "storage-refused", "the destination refuses")
            case .sourceUnavailable: (503, "source-unavailable", "the database cannot be reached")
            case .storageUnavailable: (503, "storage-unavailable", "the destination cannot be reached")
            case .unreachable: (503, "unreachable", "something needed cannot be reached")
            case .cancelled: (503, "cancelled", "it was stopped")
            case .bug: (500, "bug", "the coordinator failed")
            }
        if status == 503 { fields[.retryAfter] = "5" }
        // The message is made for people; the cause below it may hold a host's inner words, so it stays in the log.
        self.init(status, word, title, detail: error.message, fields: fields)
    }
}
