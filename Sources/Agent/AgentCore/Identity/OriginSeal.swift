package import Archive
import Daemon
package import Domain
package import Foundation
import Sealing

/// This host's mark on what it backs up, and how it knows it again: its key signs each object, so that neither a bucket nor a
/// coordinator can pass a stranger's dump off as this host's own (P12).
package struct OriginSeal: Sendable {
    private let paths: AgentPaths

    package init(paths: AgentPaths) { self.paths = paths }

    /// The object with a signature; without one where the key cannot be used, for a backup is not given up for that.
    func signed(
        _ object: Manifest.Object, agent: UUID, database: DatabaseName, kind: DatabaseKind
    ) -> Manifest.Object {
        var object = object
        let text = object.signedText(agent: agent, database: database, kind: kind)
        object.signature = (try? key()?.sign(text)).map { Data($0).base64EncodedString() }
        return object
    }

    /// Whether this host, or one whose place it took, made all of these objects of a backup.
    package func isOwn(_ objects: [Manifest.Object], agent: UUID, database: DatabaseName, kind: DatabaseKind) -> Bool {
        // Whatever keeps the key from being read: then nothing can be known to be our own.
        guard !objects.isEmpty, let keys = try? knownKeys() else { return false }
        return objects.allSatisfy { object in
            guard let signature = object.signature.flatMap({ Data(base64Encoded: $0) }) else { return false }
            let text = object.signedText(agent: agent, database: database, kind: kind)
            return keys.contains { $0.verifies(Array(signature), of: text) }
        }
    }

    private func key() throws -> PrivateKey? {
        guard FileManager.default.fileExists(atPath: paths.key.path) else { return nil }
        return try PrivateKey(pem: String(decoding: AtomicFile.read(paths.key.path, limit: 1 << 16), as: UTF8.self))
    }

    private func knownKeys() throws -> [PublicKey] {
        let identity = try DurableFile<AgentIdentity>(url: paths.identity).load()
        let before = (identity?.predecessors ?? []).compactMap { text in
            Data(base64Encoded: text).flatMap { try? PublicKey(spki: Array($0)) }
        }
        return try [key()].compactMap { $0?.publicKey } + before
    }
}
