import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Wire

/// What routes answer with.
enum Answer {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        try bytes(JSON.encoder().encode(value), type: "application/json", status: status)
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        bytes(Data(text.utf8), type: type, status: .ok)
    }

    static func html(_ text: String, status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) -> Response {
        var response = bytes(Data(text.utf8), type: "text/html; charset=utf-8", status: status)
        response.headers.append(contentsOf: fields)
        return response
    }

    /// Done, and there is nothing to say.
    static var empty: Response { Response(status: .noContent) }

    /// After a form: the browser goes there by GET.
    static func seeOther(_ path: String, fields: HTTPFields = [:]) -> Response {
        var headers = fields
        headers[.location] = path
        return Response(status: .seeOther, headers: headers)
    }

    static func problem(_ problem: CallProblem) -> Response {
        // Four strings and a number always encode; an empty body would still carry the status.
        let body = (try? JSON.encoder().encode(problem.problem)) ?? Data()
        var response = bytes(
            body, type: Problem.contentType, status: HTTPResponse.Status(code: problem.problem.status))
        response.headers.append(contentsOf: problem.fields)
        return response
    }

    private static func bytes(_ data: Data, type: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
