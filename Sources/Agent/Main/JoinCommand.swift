import AgentCore
import ArgumentParser
import Foundation
import Wire

struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Make this host an agent of a coordinator, with one pasted line.",
        discussion: """
            The key is made here and never leaves the host. Joining again with the same data directory is the same agent.

            Examples:
              holdfast-agent join hf1_eyJ…
              holdfast-agent join hf1_eyJ… --name db-01 --data-dir /srv/holdfast-agent
            """)

    @Argument(help: "What `holdfast token create` printed; - reads it from standard input.")
    var joinString: String

    @Option(help: "The name of this host in lists and object keys; default: its host name.")
    var name: String?

    @OptionGroup var host: HostOptions

    func run() async throws {
        let text = joinString == "-" ? readLine() ?? "" : joinString
        let world = AgentWorld.live
        // A mistake in the configuration is better met now than at the first run.
        let configuration = try host.configuration(world)
        let identity = try await Join(paths: host.paths, world: world).run(JoinString(text), name: name)
        say("joined \(identity.coordinatorURL) as \(identity.name) (\(identity.id.uuidString.lowercased()))")
        if configuration.databases.isEmpty {
            say(
                "no database is declared yet: write /etc/holdfast/agent.yaml, or give --config, or set DATABASE_URL"
            )
        }
        let config = host.config.map { " --config \($0)" } ?? ""
        say(
            "next: holdfast-agent doctor --data-dir \(host.paths.data.path)\(config)    (what would stop a backup here)"
        )
        say("then: holdfast-agent run --data-dir \(host.paths.data.path)\(config)")
    }
}
