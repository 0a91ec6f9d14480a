import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation

/// What a shell offers at TAB for a database of this host: what its agent.yaml declares, or nothing, and never a word.
var declaredDatabases: CompletionKind {
    .custom { line, _, _ in
        var arguments: [String] = []
        if let index = line.firstIndex(of: "--config"), line.indices.contains(index + 1) {
            arguments = ["--config", line[index + 1]]
        }
        guard let host = try? HostOptions.parse(arguments), let known = try? host.configuration(.live) else {
            return []
        }
        let shell = CompletionShell.requesting?.rawValue
        return known.databases.compactMap { CompletionWord($0.name.rawValue)?.written(for: shell) }
    }
}
