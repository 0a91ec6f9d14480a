import Foundation
import TestSupport

/// Our scripted S3 server (`Tests/Servers/scripted_s3.py`) as a destination: it checks every request to the letter, and
/// goes wrong as told.
struct ScriptedBucket {
    struct State: Decodable {
        struct Request: Decodable, Equatable {
            let operation: String
            let status: Int

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                operation = try values.decode(String.self)
                _ = try values.decode(String?.self)  // the key
                status = try values.decode(Int.self)
            }
        }
        private struct Object: Decodable {
            let sha256: String
        }
        private enum Key: CodingKey {
            case log
            case objects
            case uploads
            case violations
            case unplayed
        }

        let log: [Request]
        /// The SHA-256 of each, by its key.
        let objects: [String: String]
        let uploads: [[String]]
        let violations: [String]
        /// How many faults have not been met.
        let unplayed: Int

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            log = try values.decode([Request].self, forKey: .log)
            // What is the coordinator's own comes and goes: probes, copies and marks of its catalog.
            func isItsOwn(_ key: String) -> Bool { key.contains(".holdfast/") }
            objects = try values.decode([String: Object].self, forKey: .objects).mapValues(\.sha256)
                .filter { !isItsOwn($0.key) }
            uploads = try values.decode([[String]].self, forKey: .uploads).filter { !$0.contains(where: isItsOwn) }
            violations = try values.decode([String].self, forKey: .violations)
            unplayed = try values.decode(Int.self, forKey: .unplayed)
        }

        /// Whether such a request was answered with that status.
        func has(_ operation: String, _ status: Int) -> Bool {
            log.contains { $0.operation == operation && $0.status == status }
        }
    }

    private let server: ServerProcess

    /// `faults` is the script, in JSON; `identities` are who may come, each `ID:SECRET:TOKEN`.
    init(faults: String = "[]", identities: [String] = []) throws {
        server = try ServerProcess(
            script: "scripted_s3.py", ["--faults", faults] + identities.flatMap { ["--identity", $0] })
    }

    func stop() { server.stop() }

    var destination: String { destination() }

    /// `limit` is a bandwidth.
    func destination(bandwidth limit: String? = nil) -> String {
        let limit = limit.map { ", bandwidth: \($0)" } ?? ""
        return "{ s3: { bucket: bucket, region: us-east-1, endpoint: \"http://127.0.0.1:\(server.port)\"\(limit) } }"
    }

    let credentials = [
        "AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_EC2_METADATA_DISABLED": "true",
    ]

    func state() async throws -> State {
        try JSONDecoder().decode(State.self, from: Data(try await ask("state").utf8))
    }

    /// From now on the token of that identity has run out.
    func expire(_ identity: String) async throws { _ = try await ask("expire/\(identity)") }

    private func ask(_ what: String) async throws -> String {
        let output = try await ProgramOutput.of("curl", ["-sSf", "http://127.0.0.1:\(server.port)/-/\(what)"])
        guard output.status == 0 else { throw ServerFailure("curl: \(output.error)") }
        return output.text
    }
}
