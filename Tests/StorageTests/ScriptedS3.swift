import Domain
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing
import Transfer

/// Our scripted S3 server (`Tests/Servers/scripted_s3.py`): checks every request, and goes wrong as told.
struct ScriptedS3 {
    struct Fault: Encodable {
        var op: String
        var skip = 0
        var times = 1
        var `do`: String
        var status: Int?
        var code: String?
        var body: String?
        var headers: [String: String]?
        var after: Int?
        var etag: String?
        var believes: Bool?
    }

    struct State: Decodable {
        struct Object: Decodable {
            let bytes: Int
            let sha256: String
            let etag: String
        }
        let log: [[LogWord]]
        let objects: [String: Object]
        let uploads: [[String]]
        let violations: [String]
        let unplayed: Int

        /// How often an operation was asked for.
        func count(_ operation: String) -> Int { log.count { $0.first == .text(operation) } }
    }

    enum LogWord: Decodable, Equatable {
        case text(String)
        case number(Int)
        case none

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                self = .number(number)
            } else {
                self = try value.decodeNil() ? .none : .text(value.decode(String.self))
            }
        }
    }

    /// Of the same shape as the real one, with pauses that are short and budgets that outlast a machine that stalls. A test
    /// that waits until somebody gives up sets shorter ones.
    static let patience = RetryPolicy(
        firstPause: .milliseconds(10), longestPause: .milliseconds(100), budget: .seconds(30), leastAttempts: 3,
        abortBudget: .seconds(20))

    let process: ServerProcess

    init(faults: [Fault] = [], _ arguments: [String] = []) throws {
        let script = String(decoding: try JSONEncoder().encode(faults), as: UTF8.self)
        process = try ServerProcess(script: "scripted_s3.py", ["--faults", script] + arguments)
    }

    func configuration(_ change: (inout S3Configuration) -> Void = { _ in }) -> S3Configuration {
        var configuration = S3Configuration(bucket: "bucket", region: "us-east-1")
        configuration.endpoint = "http://127.0.0.1:\(process.port)"
        configuration.retry = Self.patience
        configuration.parts = PartPlan(base: 64 << 10)
        change(&configuration)
        return configuration
    }

    func store(
        credentials: any CredentialProvider = StaticCredentials(
            Credentials(accessKeyID: "ID", secretAccessKey: "SECRET")),
        journal: any UploadJournal = MemoryUploadJournal(), at time: Date? = nil,
        _ change: (inout S3Configuration) -> Void = { _ in }
    ) throws -> S3Store {
        try S3Store(
            configuration: configuration(change), credentials: credentials, journal: journal, now: { time ?? Date() })
    }

    func state() throws -> State {
        let answer = try TransferClient().send(HTTPRequest("GET", "http://127.0.0.1:\(process.port)/-/state"))
        return try JSONDecoder().decode(State.self, from: Data(answer.body))
    }
}
