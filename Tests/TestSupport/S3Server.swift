package import Foundation
import Transfer

/// Amazon S3 as moto has it, over TLS with a certificate of its own, signatures and IAM enforced.
package final class S3Server: Sendable {
    private let server: ServerProcess
    /// Of the requests that it got: one line `METHOD PATH STATUS` each.
    package let requests: URL
    package let bucket: String
    private let identities: [String: [String]]

    /// `refusingLinks`: so many presigned addresses have run out as soon as they are used.
    package init(bucket: String = "acme-backups", refusingLinks: Int = 0) throws {
        self.bucket = bucket
        requests = FileManager.default.temporaryDirectory.appending(path: "holdfast-s3-\(UUID().uuidString).log")
        server = try ServerProcess(
            script: "moto_tls.py",
            ["--bucket", bucket, "--requests", requests.path, "--refuse-links", String(refusingLinks)])
        identities = Dictionary(
            server.greeting.map { $0.split(separator: " ").map(String.init) }.filter { $0.count > 1 }
                .map { ($0[0], Array($0.dropFirst())) }, uniquingKeysWith: { $1 })
    }

    deinit { try? FileManager.default.removeItem(at: requests) }

    package func stop() { server.stop() }
    package var pid: Int32 { server.pid }
    package var port: Int { server.port }
    package var endpoint: String { "https://localhost:\(server.port)" }
    package var ca: String { identities["ca"]?.first ?? "" }

    /// Variables with the keys of `admin`, `agent` (may only write), `coordinator` (reads and deletes) or `session` (may do
    /// everything, with a token).
    package func credentials(_ identity: String) -> [String: String] {
        let keys = identities[identity] ?? []
        var variables = [
            "AWS_ACCESS_KEY_ID": keys.first ?? "", "AWS_SECRET_ACCESS_KEY": keys.count > 1 ? keys[1] : "",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "us-east-1",
        ]
        if keys.count > 2 { variables["AWS_SESSION_TOKEN"] = keys[2] }
        return variables
    }

    /// The stock client with everybody's rights; throws with its words unless it exits 0.
    @discardableResult
    package func aws(_ arguments: String...) async throws -> String {
        let environment = credentials("admin").merging(["HOME": "/nonexistent"]) { $1 }
        let output = try await ProgramOutput.of(
            "aws", ["--endpoint-url", endpoint, "--ca-bundle", ca, "--output", "json"] + arguments,
            environment: environment)
        guard output.status == 0 else { throw ServerFailure("aws \(arguments): \(output.error)") }
        return output.text
    }

    /// Every key in the bucket, sorted; without what is the coordinator's own, which comes and goes.
    package func keys(withItsOwn: Bool = false) async throws -> [String] {
        let text = try await aws("s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key")
        return (try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? [String] ?? [])
            .filter { withItsOwn || !$0.contains(Self.own) }.sorted()
    }

    private static let own = ".holdfast/"

    /// Uploads that have begun and not ended.
    package func uploads() async throws -> Int {
        let text = try await aws("s3api", "list-multipart-uploads", "--bucket", bucket, "--query", "Uploads[].Key")
        return (try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? [String] ?? [])
            .filter { !$0.contains(Self.own) }.count
    }

    /// Keys for which a multipart upload was ever begun, as the server saw it; without the coordinator's own.
    package func begunUploads() throws -> [String] {
        var keys: [String] = []
        for line in try String(contentsOf: requests, encoding: .utf8).split(separator: "\n") {
            guard line.hasPrefix("POST /\(bucket)/"), !line.contains(Self.own),
                let query = line.range(of: "?uploads")
            else { continue }
            keys.append(String(line[..<query.lowerBound].dropFirst("POST /\(bucket)/".count)))
        }
        return keys
    }

    /// Sets when objects were stored, by key.
    package func backdate(_ times: [String: Date]) throws {
        var options = TransferOptions()
        options.trust = .file(ca)
        var request = HTTPRequest("POST", endpoint + "/_modified")
        request.body = .bytes(Array(try JSONEncoder().encode(times.mapValues(\.timeIntervalSince1970))))
        let answer = try TransferClient(options).send(request)
        guard answer.status == 204 else { throw ServerFailure("backdating: \(answer.status)") }
    }

    /// The `fleet.yaml` entry of this bucket.
    package var destination: String {
        "{ s3: { bucket: \(bucket), region: us-east-1, endpoint: \"\(endpoint)\", caFile: \(ca) } }"
    }
}
