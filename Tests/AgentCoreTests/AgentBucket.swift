import Domain
import Foundation
import Sealing
import Storage
import TestSupport
import Wire

/// Our scripted S3 server as a destination of an ``AgentHost``, and what lies there, seen by another.
struct AgentBucket {
    struct State: Decodable {
        struct Object: Decodable {
            let bytes: Int
            let sha256: String
        }
        let objects: [String: Object]
        let violations: [String]
        let unplayed: Int
    }

    let process: ServerProcess
    let destination: Destination

    /// `faults` is the script, in JSON.
    init(faults: String = "[]", _ arguments: [String] = []) throws {
        process = try ServerProcess(script: "scripted_s3.py", ["--faults", faults] + arguments)
        destination = Destination(
            name: "offsite",
            s3: .init(bucket: "bucket", region: "us-east-1", endpoint: "http://127.0.0.1:\(process.port)"))
    }

    func stop() { process.stop() }

    /// With the same rights as the agent, by another.
    func store() throws -> S3Store {
        var configuration = S3Configuration(bucket: "bucket", region: "us-east-1")
        configuration.endpoint = "http://127.0.0.1:\(process.port)"
        return try S3Store(
            configuration: configuration,
            credentials: StaticCredentials(Credentials(accessKeyID: "ID", secretAccessKey: "SECRET")), now: { Date() })
    }

    func put(_ key: String, _ text: String) throws {
        let bytes = Array(text.utf8)
        _ = try store().put(key, bytes, sha256: hex(sha256(bytes)))
    }

    func state() async throws -> State {
        let output = try await ProgramOutput.of("curl", ["-sSf", "http://127.0.0.1:\(process.port)/-/state"])
        guard output.status == 0 else { throw ServerFailure("curl: \(output.error)") }
        return try JSONDecoder().decode(State.self, from: Data(output.text.utf8))
    }
}
