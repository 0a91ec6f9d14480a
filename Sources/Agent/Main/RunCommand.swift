import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation
import Logging

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Back up by the plan until told to stop (SIGTERM or SIGINT).",
        discussion: """
            Runs that are at work when it is told to stop are ended, reported and cleaned up within 30 seconds.

            Examples:
              holdfast-agent run
              holdfast-agent run --config ./agent.yaml --data-dir ./agent --log-level debug
            """)

    @OptionGroup var host: HostOptions

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func run() async throws {
        let world = AgentWorld.live
        let paths = host.paths
        let configuration = try host.configuration(world)
        try configuration.requireSecrets()
        let secrets = SecretList(environment: world.environment)
        for secret in configuration.secrets { secrets.add(secret) }
        let logger = startLogging(
            label: "holdfast-agent", level: try Daemon.logLevel(named: logLevel), secrets: secrets)
        _ = try AgentIdentity.load(paths)
        try DeclaringFile.require(host.file, paths)
        try PrivateDirectory.ensure(paths.data.path)
        let lock = try LockFile(path: paths.lock.path, program: "holdfast-agent", now: world.now())
        defer { lock.release() }
        do { try DeclaringFile.remember(host.file, paths) } catch {
            // The backups go on (P3); only a file that vanishes later would not be missed.
            logger.warning("where the configuration stands could not be noted", metadata: ["error": "\(error)"])
        }
        let services = try buildAgent(paths: paths, configuration: configuration, world: world, logger: logger)
        logger.info(
            "agent starts",
            metadata: ["version": "\(Product.version)", "databases": "\(configuration.databases.count)"])
        if configuration.databases.isEmpty {
            logger.warning("no database is declared here: nothing is backed up; name agent.yaml with --config")
        }
        try await runServices(services, logger: logger)
    }
}
