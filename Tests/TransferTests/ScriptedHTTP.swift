import Foundation
import TestSupport
import Transfer

/// Our scripted HTTP server (`Tests/Servers/scripted_http.py`).
struct ScriptedHTTP {
    struct Answer: Encodable {
        var on: String
        var status = 200
        var body = ""
        var headers: [String: String] = [:]
        var times: Int?
        var `do`: String?
        var count: Int?
    }

    struct Request: Decodable {
        let method: String
        let path: String
        let headers: [String: String]
        let body: String
        let connection: Int
    }

    let process: ServerProcess
    let url: String

    init(_ answers: [Answer] = [], _ arguments: [String] = []) throws {
        let script = String(decoding: try JSONEncoder().encode(answers), as: UTF8.self)
        process = try ServerProcess(script: "scripted_http.py", ["--answers", script] + arguments)
        url = "\(arguments.contains("--tls") ? "https" : "http")://localhost:\(process.port)"
    }

    /// The certificate that the server made for itself.
    var authority: String { String(process.greeting.first { $0.hasPrefix("ca ") }?.dropFirst(3) ?? "") }

    /// What it was asked so far, over plain HTTP.
    func requests() throws -> [Request] {
        let answer = try TransferClient().send(HTTPRequest("GET", "\(url)/-/log"))
        return try JSONDecoder().decode([Request].self, from: Data(answer.body))
    }
}

/// The kind of the error that `body` must throw.
func kind(of body: () throws -> Void) -> TransferError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? TransferError)?.kind
    }
}
