import CoordinatorClient
import Daemon
import Domain
import Foundation
import Sealing
package import Wire

/// Enrolment (DESIGN section 5): the key is made on the host and stays there; the CA is fetched and compared with the
/// join string's pin before anything is sent.
package struct Join: Sendable {
    let paths: AgentPaths
    let world: AgentWorld

    package init(paths: AgentPaths, world: AgentWorld) {
        self.paths = paths
        self.world = world
    }

    /// Makes this host an agent. Run again with the same data directory it is the same agent, with a new certificate. The
    /// coordinator knows it by its key, so an answer that was lost is asked for by joining again.
    package func run(_ join: JoinString, name: String?) async throws -> AgentIdentity {
        try PrivateDirectory.ensure(paths.data.path)
        let lock = try LockFile(path: paths.lock.path, program: "holdfast-agent join", now: world.now())
        defer { lock.release() }
        let known = try DurableFile<AgentIdentity>(url: paths.identity).load()
        let name = try AgentName.checked(name ?? known?.name ?? String(world.hostName.prefix { $0 != "." }))
        let key = try loadOrMakeKey()
        let authority = try await AgentClient.fetchCA(url: join.url, pin: join.caSha256) { pem in
            try Certificate(pem: pem).fingerprint
        }
        let id = known?.id ?? world.newID()
        let csr = try CertificateSigningRequest(key: key).pem()
        let answer = try await AgentClient.enrol(
            url: join.url, caPEM: authority,
            EnrolmentRequest(
                tokenId: join.tokenId, tokenSecret: join.secret, agentId: id, name: name, csr: csr,
                holdfast: Product.version))
        try check(answer.certificate, key: key)
        let identity = AgentIdentity(
            id: answer.agentId, name: answer.name, coordinatorURL: join.url, caSha256: join.caSha256,
            predecessors: answer.predecessors)
        try AtomicFile.write(paths.authority.path, [UInt8](answer.caBundle.utf8), mode: 0o600)
        try AtomicFile.write(paths.certificate.path, [UInt8](answer.certificate.utf8), mode: 0o600)
        // Last: with it the host is an agent.
        try DurableFile(url: paths.identity).save(identity)
        return identity
    }

    private func loadOrMakeKey() throws -> PrivateKey {
        if FileManager.default.fileExists(atPath: paths.key.path) {
            return try PrivateKey(pem: String(decoding: AtomicFile.read(paths.key.path, limit: 1 << 16), as: UTF8.self))
        }
        let key = try PrivateKey()
        try AtomicFile.write(paths.key.path, [UInt8](key.pem().utf8), mode: 0o600)
        return key
    }

    private func check(_ pem: String, key: PrivateKey) throws {
        guard try Certificate(pem: pem).keyFingerprint == key.publicKey.fingerprint else {
            throw BackupError(.integrity, "the coordinator sent a certificate for another key; nothing was changed")
        }
    }
}
