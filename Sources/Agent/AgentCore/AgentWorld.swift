package import Foundation
import Storage

/// What the agent takes from outside itself: time, chance, its environment. `Main` wires the real one, tests another.
package struct AgentWorld: Sendable {
    package var now: @Sendable () -> Date
    package var newID: @Sendable () -> UUID
    /// Environment variables by name.
    package var environment: [String: String]
    package var hostName: String
    /// The kernel's boot id; another one after a restart of the host.
    package var bootID: String
    /// A number from 0 up to 1, for jitter.
    package var chance: @Sendable () -> Double

    package init(
        now: @escaping @Sendable () -> Date, newID: @escaping @Sendable () -> UUID, environment: [String: String],
        hostName: String, bootID: String, chance: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.newID = newID
        self.environment = environment
        self.hostName = hostName
        self.bootID = bootID
        self.chance = chance
    }
}

extension AgentWorld {
    /// This host's own credentials for S3, wherever the usual chain finds them.
    func credentials(region: String) -> CredentialChain {
        CredentialChain(variables: environment, home: environment["HOME"] ?? "/", region: region, now: now)
    }
}
