import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1

/// Around every route: checks what holds for all requests, turns errors into answers, and adds what all answers carry.
struct AnswerMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: CallContext,
        next: @concurrent (Request, CallContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try check(request)
            response = try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection's guard has answered already.
            throw error
        } catch let error as HTTPError where error.status == .notFound {
            response = Answer.problem(.notFound)
        } catch {
            if let problem = CallProblem(error) {
                response = Answer.problem(problem)
            } else {
                // The route's own pattern, not the address that came: that one is anybody's text.
                context.logger.error(
                    "a request failed",
                    metadata: ["route": "\(request.method) \(context.endpointPath ?? "?")", "error": "\(error)"])
                response = Answer.problem(.unexpected)
            }
        }
        Self.secure(&response)
        return response
    }

    /// Whatever could be read in two ways by us and by something in front of us is refused.
    private func check(_ request: Request) throws {
        let coding = request.headers[values: .transferEncoding]
        let lengths = request.headers[values: .contentLength]
        let isChunked = coding.count == 1 && coding[0].lowercased() == "chunked"
        let hasSecondHost = request.headers.contains(where: { $0.name.canonicalName == "host" })
        guard coding.isEmpty || (isChunked && lengths.isEmpty), lengths.count <= 1, request.head.authority != nil,
            !hasSecondHost
        else { throw CallProblem(Refusal.malformedRequest) }
    }

    private static func secure(_ response: inout Response) {
        response.headers[.strictTransportSecurity] = "max-age=31536000"
        response.headers[.cacheControl] = "no-store"
        response.headers[.xContentTypeOptions] = "nosniff"
        // With "no-referrer" browsers post a page's own forms with `Origin: null`, as a forged one is.
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "same-origin" }
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
    }
}
