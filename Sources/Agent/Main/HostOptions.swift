import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation

/// Where this host's agent lives and what it is told.
struct HostOptions: ParsableArguments {
    @Option(help: "Where the agent keeps its key, plan and spool.", completion: .directory)
    var dataDir = "/var/lib/holdfast-agent"

    @Option(
        help: "The file that declares this host's databases; default: /etc/holdfast/agent.yaml if it is there.",
        completion: .file())
    var config: String?

    var paths: AgentPaths { AgentPaths(data: URL(filePath: dataDir).absoluteURL) }

    /// The file that is read, if there is one.
    var file: URL? {
        let standard = "/etc/holdfast/agent.yaml"
        // One that cannot be looked at is not one that is not there.
        let isThere = access(standard, F_OK) == 0 || errno != ENOENT
        return (config ?? (isThere ? standard : nil)).map { URL(filePath: $0) }
    }

    /// Reads the file for an agent that is to run by it: one that others could have written, or a secret that others can read, is
    /// refused, and all secrets must be there.
    func runningConfiguration(_ world: AgentWorld) throws -> AgentConfiguration {
        let configuration = try configuration(world)
        try configuration.requireRights(of: file)
        try configuration.requireSecrets()
        return configuration
    }

    /// Reads the file, or `DATABASE_URL` when there is none.
    func configuration(_ world: AgentWorld) throws -> AgentConfiguration {
        guard let file else { return try AgentConfiguration(environment: world.environment) }
        let yaml = try GivenFile.text(
            config ?? file.path, .configuration,
            remedy: "name the file that declares this host's databases with --config")
        return try AgentConfiguration(yaml: yaml, file: file.lastPathComponent, environment: world.environment)
    }
}
