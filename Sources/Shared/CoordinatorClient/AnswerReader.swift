import Domain
import Foundation
import Transfer
import Wire

/// What an answer means. A body that is not our coordinator's (a proxy's page, a captive portal) is "ask again", whatever
/// its status says.
enum AnswerReader {
    static func value<Value: Decodable>(from answer: HTTPResponse, of call: CoordinatorCall) throws(BackupError)
        -> Value
    {
        guard (200..<300).contains(answer.status) else { throw failure(answer, call) }
        do {
            return try JSON.decoder().decode(Value.self, from: Data(answer.body))
        } catch {
            // What does not parse is not quoted: it can hold a secret.
            throw strange(answer, call)
        }
    }

    static func success(from answer: HTTPResponse, of call: CoordinatorCall) throws(BackupError) {
        guard (200..<300).contains(answer.status) else { throw failure(answer, call) }
        let isJSON = answer["Content-Type"]?.lowercased().hasPrefix("application/json") ?? false
        guard answer.body.isEmpty || isJSON else { throw strange(answer, call) }
    }

    private static func failure(_ answer: HTTPResponse, _ call: CoordinatorCall) -> BackupError {
        let pause = retryAfter(answer)
        guard let problem = try? JSON.decoder().decode(Problem.self, from: Data(answer.body)),
            let word = problem.type.split(separator: ":", omittingEmptySubsequences: false).last,
            problem.type.hasPrefix("urn:holdfast:")
        else { return strange(answer, call) }
        let code = code(named: String(word)) ?? code(ofStatus: answer.status)
        // The detail is the error's own message; only a fault of the coordinator has nothing better than both.
        return BackupError(code, code == .bug ? problem.description : problem.detail ?? problem.title, cause: pause)
    }

    private static func strange(_ answer: HTTPResponse, _ call: CoordinatorCall) -> BackupError {
        BackupError(
            .unreachable,
            "the answer to \(call.method) is not the coordinator's (status \(answer.status)); is there a proxy between?",
            cause: retryAfter(answer))
    }

    /// Only with the statuses that mean "later". A date instead of seconds is read as a minute: the clocks may differ.
    private static func retryAfter(_ answer: HTTPResponse) -> RetryAfter? {
        guard answer.status == 429 || answer.status == 503, let text = answer["Retry-After"] else { return nil }
        return RetryAfter(seconds: Int(text.trimmingCharacters(in: .whitespaces)) ?? 60)
    }

    /// `not-found` and `notFound` are the same word.
    private static func code(named word: String) -> BackupError.Code? {
        let plain = word.replacing("-", with: "").lowercased()
        return BackupError.Code.allCases.first { $0.rawValue.lowercased() == plain }
    }

    /// For a word that a newer coordinator has and this program has not.
    private static func code(ofStatus status: Int) -> BackupError.Code {
        switch status {
        case 401, 403: .forbidden
        case 404, 410: .notFound
        case 409: .exists
        case 422: .integrity
        case 429, 500...: .unreachable
        default: .usage
        }
    }
}
