import Catalog
package import Domain
package import Foundation
import Sealing

extension Coordinator {
    /// Who sends a request with this client certificate. Throws `.forbidden` unless our CA issued it, its time is now,
    /// and its agent is known by this very key and not revoked. Asked for every request: revocation takes effect at once.
    ///
    /// One that our CA issued, and that the catalog knows nothing of, waits for an operator; `name` is what it calls itself.
    package func authenticateAgent(
        certificateDER: [UInt8], now: Date, name: String? = nil, remote: String = ""
    ) async throws(BackupError) -> AgentIdentity {
        // Whatever it is that came instead of a certificate, it proves nothing.
        guard let certificate = try? Certificate(der: certificateDER), let id = certificate.agentID,
            certificate.isIssued(by: authority.certificate), certificate.purposes.contains(.clientAuthentication)
        else { throw BackupError(.forbidden, "the client certificate was not issued by this coordinator") }
        guard certificate.isValid(at: now) else {
            throw BackupError(.forbidden, "the client certificate has run out or is not valid yet; renew it")
        }
        guard let agent = try await catalog.read({ try $0.agent(id) }) else {
            throw try await refuseStranger(id, certificate, name: name, remote: remote)
        }
        guard agent.revokedAt == nil else { throw BackupError(.forbidden, "the agent \(agent.name) was revoked") }
        if agent.keyFingerprint == Self.noKey {
            throw try await refuseStranger(id, certificate, name: name, remote: remote)
        }
        guard agent.keyFingerprint == certificate.keyFingerprint else {
            throw BackupError(
                .forbidden, "this certificate's key is not that of \(agent.name): another host took its place")
        }
        if agent.publicKey == nil {
            // It joined before keys were kept; whoever takes its place is to know what is its own.
            try await catalog.write { try $0.setPublicKey(Data(certificate.spki).base64EncodedString(), of: id) }
        }
        return AgentIdentity(id: agent.id, name: agent.name, key: agent.keyFingerprint)
    }

    /// Who sends a request with this token. Throws `.forbidden` when it is unknown, wrong or revoked, which of these is not said,
    /// and when it has expired, which is said to who has it.
    package func authenticateOperator(token: String) async throws(BackupError) -> OperatorIdentity {
        let refusal = BackupError(.forbidden, "the token is not valid; see `holdfast token list`")
        guard let (id, secret) = OperatorToken.parse(token) else { throw refusal }
        guard let record = try await catalog.read({ try $0.operatorToken(id) }), record.revokedAt == nil,
            Secret.matches(secret, hash: record.secretHash), let role = OperatorRole(rawValue: record.role)
        else { throw refusal }
        if let end = record.expiresAt, world.now() >= end {
            throw BackupError(
                .forbidden,
                "the token expired at \(Timestamp.seconds(end)); an admin makes another with `holdfast token create --role`"
            )
        }
        return OperatorIdentity(tokenId: record.id, role: role)
    }
}
