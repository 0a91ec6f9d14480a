import AgentCore
import Foundation

extension AgentWorld {
    /// The real one.
    static var live: AgentWorld {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? "unknown"
        return AgentWorld(
            now: { Date() }, newID: { UUID() }, environment: ProcessInfo.processInfo.environment,
            hostName: ProcessInfo.processInfo.hostName, bootID: boot.trimmingCharacters(in: .whitespacesAndNewlines),
            chance: { Double.random(in: 0..<1) })
    }
}
