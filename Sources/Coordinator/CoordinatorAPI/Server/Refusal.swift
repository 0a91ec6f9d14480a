import Domain
import Foundation
import HTTPTypes
import NIOCore
import Wire

/// A request that is refused before it reaches the application.
struct Refusal {
    let problem: Problem

    static let malformedRequest = Refusal(
        problem: Problem(type: "urn:holdfast:usage", title: "the request is not well-formed HTTP/1.1", status: 400))
    static let headersTooLarge = Refusal(
        problem: Problem(
            type: "urn:holdfast:usage", title: "the request's headers are too large or too many", status: 431))
    static let requestTooSlow = Refusal(
        problem: Problem(type: "urn:holdfast:usage", title: "the request took too long to arrive", status: 408))

    /// The whole answer. It ends the connection.
    var parts: (HTTPResponse, ByteBuffer) {
        // Four strings and a number always encode; an empty body would still carry the status.
        let body = ByteBuffer(bytes: (try? JSON.encoder().encode(problem)) ?? Data())
        let fields: HTTPFields = [
            .contentType: Problem.contentType, .contentLength: String(body.readableBytes), .connection: "close",
        ]
        return (HTTPResponse(status: .init(code: problem.status), headerFields: fields), body)
    }
}
