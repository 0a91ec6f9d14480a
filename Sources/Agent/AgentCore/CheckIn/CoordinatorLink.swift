import CoordinatorClient
import Daemon
import Domain
import Foundation
import Sealing
import Wire

/// The agent's way to its coordinator, with the certificate that it has just now.
actor CoordinatorLink {
    private let paths: AgentPaths
    private let identity: AgentIdentity
    private let world: AgentWorld
    private var client: AgentClient?
    private var renewAt: Date?

    init(paths: AgentPaths, identity: AgentIdentity, world: AgentWorld) {
        self.paths = paths
        self.identity = identity
        self.world = world
    }

    /// A client with a certificate that is renewed from half of its life on, at a moment that differs between agents.
    func current() async throws -> AgentClient {
        if let client, let renewAt, world.now() < renewAt { return client }
        var certificate = try text(paths.certificate)
        if try isDue(certificate) {
            do {
                try await renew()
                certificate = try text(paths.certificate)
            } catch {
                // The old one may serve for weeks yet; when it does not, this error says why.
                guard try Certificate(pem: certificate).notAfter > world.now() else { throw error }
                renewAt = world.now().addingTimeInterval(3600)
            }
        }
        let fresh = try AgentClient(
            url: identity.coordinatorURL, caPEM: text(paths.authority), certificatePEM: certificate,
            keyPEM: text(paths.key), name: identity.name)
        client = fresh
        return fresh
    }

    private func isDue(_ pem: String) throws -> Bool {
        let certificate = try Certificate(pem: pem)
        let life = certificate.notAfter.timeIntervalSince(certificate.notBefore)
        let due = certificate.notBefore.addingTimeInterval(life * (0.5 + 0.1 * world.chance()))
        if world.now() >= due { return true }
        renewAt = due
        return false
    }

    private func renew() async throws {
        let key = try PrivateKey(pem: text(paths.key))
        let csr = try CertificateSigningRequest(key: key).pem()
        let answer = try await AgentClient.renew(
            url: identity.coordinatorURL, caPEM: text(paths.authority), RenewalRequest(agentId: identity.id, csr: csr))
        guard try Certificate(pem: answer.certificate).keyFingerprint == key.publicKey.fingerprint else {
            throw BackupError(.integrity, "the coordinator sent a certificate for another key")
        }
        try AtomicFile.write(paths.authority.path, [UInt8](answer.caBundle.utf8), mode: 0o600)
        try AtomicFile.write(paths.certificate.path, [UInt8](answer.certificate.utf8), mode: 0o600)
    }

    private func text(_ url: URL) throws(BackupError) -> String {
        String(decoding: try AtomicFile.read(url.path, limit: 1 << 20), as: UTF8.self)
    }
}
