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
            objects = try values.decode([String: Object].self, forKey: .objects).mapValues(\.sha256)
            uploads = try values.decode([[String]].self, forKey: .uploads)
            violations = try values.decode([String].self, forKey: .violations)
            unplayed = try values.decode(Int.self, forKey: .unplayed)
        }

        /// Whether such a request was answered with that status.
        func has(_ operation: String, _ status: Int) -> Bool {
            log.contains { $0.operation == operation && $0.status == status }
        }
    }

    private let server: ServerProcess

    /// `faults` is the script, in JSON.
    init(faults: String = "[]") throws {
        server = try ServerProcess(script: "scripted_s3.py", ["--faults", faults])
    }

    func stop() { server.stop() }

    var destination: String {
        "{ s3: { bucket: bucket, region: us-east-1, endpoint: \"http://127.0.0.1:\(server.port)\" } }"
    }

    let credentials = [
        "AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_EC2_METADATA_DISABLED": "true",
    ]

    func state() async throws -> State {
        let output = try await ProgramOutput.of("curl", ["-sS", "http://127.0.0.1:\(server.port)/-/state"])
        guard output.status == 0 else { throw ServerFailure("curl: \(output.error)") }
        return try JSONDecoder().decode(State.self, from: Data(output.text.utf8))
    }
}
