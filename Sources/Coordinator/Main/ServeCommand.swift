import ArgumentParser
import CoordinatorAPI
import CoordinatorCore
import Daemon
import Domain
import Foundation
import Logging

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the coordinator.",
        discussion: """
            Prints the address once it listens. Ends within 30 seconds of SIGTERM or SIGINT.
            Examples:
              holdfast serve --data-dir /var/lib/holdfast
              holdfast serve --data-dir /tmp/try --listen 127.0.0.1:0
            """)

    @Option(help: "The directory that `holdfast init` made.", completion: .directory) var dataDir: String
    @Option(help: "Address and port; port 0 takes any free one.") var listen = ListenAddress(
        host: "0.0.0.0", port: 8443)
    @Option(
        help: "The address that join strings get; by default the first name given to `init`, and the port of --listen.")
    var url: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel = "info"

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let logger = startLogging(
            label: "holdfast", level: try Daemon.logLevel(named: logLevel),
            secrets: SecretList(environment: environment))
        let paths = CoordinatorPaths(dataDirectory: URL(filePath: dataDir, directoryHint: .isDirectory).absoluteURL)
        var world = CoordinatorWorld(now: { Date() }, uuid: { UUID() }, environment: environment)
        world.publicURL = url
        if listen.port != 0 { world.listenPort = listen.port }
        let coordinator = try await Coordinator.open(paths: paths, world: world, logger: logger)

        let (listening, isListening) = AsyncStream<Void>.makeStream()
        let host = listen.host
        let server = try buildServer(
            coordinator: coordinator, configuration: ServerConfiguration(host: host, port: listen.port),
            now: { Date() }, logger: logger
        ) { port in
            let address = ListenAddress(host: host, port: port)
            // Whoever started this may not read it; the log has it too.
            try? Terminal().print("listening on https://\(address)")
            logger.info("listening", metadata: ["address": "\(address)", "version": "\(Product.version)"])
            isListening.finish()
        }
        do {
            // The server stops first, then what it stands on.
            try await runServices(
                coordinator.services() + [server], logger: logger,
                onHangUp: {
                    logger.notice(
                        "SIGHUP changes nothing here: `holdfast apply` changes the fleet, a restart the environment")
                },
                whenReady: { for await _ in listening {} })
        } catch let error where !(error is BackupError) {
            // Almost always an address that is taken or not ours.
            throw BackupError(.configuration, "serving on \(listen)", cause: error)
        }
        try coordinator.close()
        logger.info("stopped")
    }
}
