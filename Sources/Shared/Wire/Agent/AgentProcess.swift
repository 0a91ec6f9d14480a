package import Foundation

/// Which process of an agent speaks. Two that take turns under one identity are a copied data directory.
package struct AgentProcess: Codable, Sendable, Equatable {
    /// Made anew at every start.
    package var instance: UUID
    /// Counts the starts on this data directory: a lower one than before is an older state of it.
    package var generation: Int
    /// Name of the host, for people: it proves nothing.
    package var host: String

    package init(instance: UUID, generation: Int, host: String) {
        self.instance = instance
        self.generation = generation
        self.host = host
    }
}
