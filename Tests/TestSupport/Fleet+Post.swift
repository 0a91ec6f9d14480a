package import Foundation

/// A client certificate and its key, as curl takes them.
package struct ClientIdentity: Sendable {
    package let certificate: URL
    package let key: URL

    package init(certificate: URL, key: URL) {
        self.certificate = certificate
        self.key = key
    }
}

extension FleetAgent {
    /// What the host has.
    package var identity: ClientIdentity {
        ClientIdentity(
            certificate: data.appending(path: "agent.pem"), key: data.appending(path: "agent-key.pem"))
    }
}

extension Fleet {
    /// What a call was answered with: 0 when there was no answer, and what curl says of it.
    package struct Answer: Sendable {
        package let status: Int
        package let words: String
        package let body: Data
    }

    /// Posts it as an agent would, with the certificate that is given.
    ///
    /// A server that ends a connection of which it has not read all makes the kernel send a reset, which now and then
    /// overtakes the answer or the alert. So that a call was cut is no answer: it is asked for again, a few times.
    package func post(_ path: String, _ body: [UInt8], _ identity: ClientIdentity?) async throws -> Answer {
        var answer = try await postOnce(path, body, identity)
        for _ in 0..<4 where answer.status == 0 && !answer.words.contains("alert") {
            answer = try await postOnce(path, body, identity)
        }
        return answer
    }

    private func postOnce(_ path: String, _ body: [UInt8], _ identity: ClientIdentity?) async throws -> Answer {
        let (file, answer) = (folder.appending(path: "body"), folder.appending(path: "answer"))
        try Data(body).write(to: file)
        try Data().write(to: answer)
        var arguments = [
            "-sS", "--max-time", "60", "--cacert", data.appending(path: "ca.pem").path, "-o", answer.path, "-w",
            "%{http_code}", "-H", "Content-Type: application/json", "-H", "Expect:", "--data-binary", "@\(file.path)",
            url + path,
        ]
        if let identity { arguments += ["--cert", identity.certificate.path, "--key", identity.key.path] }
        let output = try await ProgramOutput.of("curl", arguments)
        guard let status = Int(output.text) else { throw ServerFailure("curl: \(output.text) \(output.error)") }
        return Answer(status: status, words: output.error.lowercased(), body: try Data(contentsOf: answer))
    }
}
