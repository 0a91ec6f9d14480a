import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation
import Glibc

/// What a command that a person runs by hand takes from the agent's own environment.
struct ShellOptions: ParsableArguments {
    @Option(
        help: """
            The agent's environment (a systemd EnvironmentFile), for what this shell lacks: secrets that agent.yaml names, and \
            credentials where the shell has none. Default: /etc/holdfast/agent.env, if it can be read.
            """, completion: .file())
    var environmentFile: String?

    private static let standard = "/etc/holdfast/agent.env"

    /// The world as this shell has it, and for the rest as the agent's file does.
    func world() throws(BackupError) -> AgentWorld {
        var world = AgentWorld.live
        let path = environmentFile ?? Self.standard
        if environmentFile == nil, access(path, R_OK) != 0 {
            if errno != ENOENT { say("left out: \(path), which only others may read; with sudo it is used") }
            return world
        }
        let text = try GivenFile.text(path, .configuration, remedy: "name the file with --environment-file")
        let borrowed = BorrowedEnvironment(
            own: world.environment, agents: EnvironmentFile(text).variables,
            sharedFiles: BorrowedEnvironment.hasSharedFiles(home: world.environment["HOME"]))
        if borrowed.borrowsCredentials { say("credentials for object stores are the agent's own, from \(path)") }
        world.environment = borrowed.variables
        return world
    }
}
