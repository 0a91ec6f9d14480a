package import Foundation

/// Where the agent keeps what must survive it. Everything is 0700 and 0600.
package struct AgentPaths: Sendable {
    package let data: URL

    package init(data: URL) { self.data = data }

    /// Held while an agent runs, so that a second copy refuses to start.
    package var lock: URL { data.appending(path: "agent.lock") }
    package var identity: URL { data.appending(path: "identity.json") }
    package var key: URL { data.appending(path: "agent-key.pem") }
    package var certificate: URL { data.appending(path: "agent.pem") }
    package var authority: URL { data.appending(path: "ca.pem") }
    /// Where `agent.yaml` was at the last start, if there was one.
    package var declaringFile: URL { data.appending(path: "declared-in.json") }
    /// How often an agent was started here.
    package var starts: URL { data.appending(path: "starts.json") }
    /// How far the coordinator's catalog had come when it last spoke to this host.
    package var catalogMark: URL { data.appending(path: "catalog-mark.json") }
    package var plan: URL { data.appending(path: "plan.json") }
    /// The object stores and folders that plans named when nothing else said what is allowed.
    package var knownPlaces: URL { data.appending(path: "known-places.json") }
    /// Up to which nominal time each schedule has been decided.
    package var scheduleLedger: URL { data.appending(path: "schedule.json") }
    /// Which directories were written to, and the mark of each.
    package var places: URL { data.appending(path: "places.json") }
    package var spool: URL { data.appending(path: "spool", directoryHint: .isDirectory) }
    /// Runs that have begun and not been reported to their end.
    package var runs: URL { data.appending(path: "runs", directoryHint: .isDirectory) }
    /// Multipart uploads that have begun and not ended.
    package var uploads: URL { data.appending(path: "uploads", directoryHint: .isDirectory) }
    /// What commands on this host ask of the running agent, and its answers.
    package var requests: URL { data.appending(path: "requests", directoryHint: .isDirectory) }
    package var commands: URL { data.appending(path: "commands", directoryHint: .isDirectory) }
    /// For the copies that an engine has to stage.
    package var scratch: URL { data.appending(path: "scratch", directoryHint: .isDirectory) }
    /// The directory destination that names no path.
    package var backups: URL { data.appending(path: "backups", directoryHint: .isDirectory) }
    /// Restores that are at work, that died, or that keep beside what they replaced.
    package var restores: URL { data.appending(path: "restores", directoryHint: .isDirectory) }
    /// Restored files and folders that were given no target.
    package var restored: URL { data.appending(path: "restored", directoryHint: .isDirectory) }
}
