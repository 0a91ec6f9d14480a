import Daemon
package import Domain
package import Foundation

/// Who this agent is, and which coordinator it belongs to.
package struct AgentIdentity: Codable, Sendable, Equatable {
    package var id: UUID
    /// The name that the coordinator knows this agent by; the first folder of its keys.
    package var name: String
    package var coordinatorURL: String
    /// SHA-256 of the CA certificate that the join string pinned, as 64 hex digits.
    package var caSha256: String
    /// Public keys (SubjectPublicKeyInfo in base64) of the hosts whose place this one took, as the coordinator named them when
    /// it joined: their backups are this host's own.
    package var predecessors: [String]?

    package init(id: UUID, name: String, coordinatorURL: String, caSha256: String, predecessors: [String]? = nil) {
        self.id = id
        self.name = name
        self.coordinatorURL = coordinatorURL
        self.caSha256 = caSha256
        self.predecessors = predecessors
    }

    /// What `join` wrote. Throws `.configuration`, saying how to join, when it has not.
    package static func load(_ paths: AgentPaths) throws(BackupError) -> AgentIdentity {
        guard let identity = try DurableFile<AgentIdentity>(url: paths.identity).load() else {
            throw BackupError(
                .configuration,
                "\(paths.data.path) has no agent: run `holdfast token create` at the coordinator, then "
                    + "`holdfast-agent join JOIN-STRING --data-dir \(paths.data.path)` here")
        }
        return identity
    }
}

/// A name that an agent may have: a file name and an object key begin with it.
package enum AgentName {
    /// Throws `.usage` unless it is 1 to 63 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit.
    package static func checked(_ text: String) throws(BackupError) -> String {
        guard text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil else {
            throw BackupError(
                .usage,
                "an agent's name must be 1 to 63 letters, digits, dots, dashes or underscores; give one with --name")
        }
        return text
    }
}
