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
            SIGHUP reads the configuration again; with a mistake in it the old one holds, and the coordinator is told.

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
        let configuration = try host.runningConfiguration(world)
        try FileRights.require(paths.key.path, .key)
        let secrets = SecretList(environment: world.environment)
        for secret in configuration.secrets { secrets.add(secret) }
        let logger = startLogging(
            label: "holdfast-agent", level: try Daemon.logLevel(named: logLevel), secrets: secrets)
        _ = try AgentIdentity.load(paths)
        try DeclaringFile.require(host.file, paths)
        try PrivateDirectory.ensure(paths.data.path)
        let lock = try await Self.lock(paths, logger, world)
        defer { lock.release() }
        do { try DeclaringFile.remember(host.file, paths) } catch {
            // The backups go on (P3); only a file that vanishes later would not be missed.
            logger.warning("where the configuration stands could not be noted", metadata: ["error": "\(error)"])
        }
        let live = LiveConfiguration(configuration)
        let services = try buildAgent(paths: paths, configuration: live, world: world, logger: logger)
        logger.info(
            "agent starts",
            metadata: ["version": "\(Product.version)", "databases": "\(configuration.databases.count)"])
        if configuration.databases.isEmpty {
            logger.warning("no database is declared here: nothing is backed up; name agent.yaml with --config")
        }
        let host = self.host
        let readAgain: @Sendable () async -> Void = {
            do {
                let next = try host.runningConfiguration(world)
                for secret in next.secrets { secrets.add(secret) }
                live.replace(next)
                logger.notice("the configuration was read again", metadata: ["databases": "\(next.databases.count)"])
            } catch {
                live.keep()
                logger.error(
                    "the configuration cannot be used; what it said before holds", metadata: ["error": "\(error)"])
            }
        }
        try await runServices(services, logger: logger, onHangUp: readAgain)
    }

    /// Waits for a backup that is made by hand: it ends, and to give up would leave the host without an agent.
    private static func lock(_ paths: AgentPaths, _ logger: Logger, _ world: AgentWorld) async throws -> LockFile {
        var isTold = false
        while true {
            do throws(BackupError) {
                return try LockFile(path: paths.lock.path, program: "holdfast-agent", now: world.now())
            } catch {
                guard error.code == .busy, error.message.contains(ManualTalk.holder) else { throw error }
                if !isTold { logger.notice("waiting for a backup that is made by hand", metadata: ["by": "\(error)"]) }
                isTold = true
            }
            try await Task.sleep(for: .seconds(1))
        }
    }
}
