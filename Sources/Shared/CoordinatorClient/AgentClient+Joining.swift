import Domain
import Threads
import Transfer
package import Wire

/// What a host asks before it has a certificate, or when its own has run out.
extension AgentClient {
    /// The coordinator's CA as PEM, fetched from a peer that is not known yet and believed only when `sha256` of it (64
    /// hex digits, over the certificate's DER) is `pin`.
    ///
    /// Throws `.forbidden` when it is another: then someone sits in between, or the join string is of another coordinator.
    package static func fetchCA(
        url: String, pin: String, sha256: @escaping @Sendable (_ pem: String) throws -> String
    ) async throws -> String {
        let base = try CoordinatorAddress.checked(url)
        let answer: HTTPResponse
        do throws(TransferError) {
            answer = try await onThread { () throws(TransferError) in
                try TransferClient.fetchUnverified(base + "/v1/ca")
            }
        } catch {
            throw BackupError(reaching: base, error)
        }
        return try pinned(answer, base: base, pin: pin, sha256: sha256)
    }

    static func pinned(
        _ answer: HTTPResponse, base: String, pin: String, sha256: (_ pem: String) throws -> String
    ) throws -> String {
        guard answer.status == 200, answer.text.contains("-----BEGIN CERTIFICATE-----") else {
            throw BackupError(.unreachable, "\(base) does not answer as a coordinator (status \(answer.status))")
        }
        guard try sha256(answer.text).lowercased() == pin.lowercased() else {
            throw BackupError(
                .forbidden,
                "the coordinator at \(base) is not the one that made the join string: its CA has another SHA-256. "
                    + "Nothing was sent to it; make a new join string there, or look for what sits in between")
        }
        return answer.text
    }

    /// Asks for the certificate with a join token. Throws `.forbidden` when the token is used, expired or revoked.
    package static func enrol(url: String, caPEM: String, _ request: EnrolmentRequest) async throws -> EnrolmentResponse
    {
        try await connection(url: url, caPEM: caPEM).answer(.post("enrol", sending: request))
    }

    /// Asks for a new certificate for the same key. Works without a valid one.
    package static func renew(url: String, caPEM: String, _ request: RenewalRequest) async throws -> EnrolmentResponse {
        try await connection(url: url, caPEM: caPEM).answer(.post("renew", sending: request))
    }

    private static func connection(url: String, caPEM: String) throws(BackupError) -> CoordinatorConnection {
        var options = TransferOptions()
        options.trust = .pem(Array(caPEM.utf8))
        return try CoordinatorConnection(url: url, options: options)
    }
}
