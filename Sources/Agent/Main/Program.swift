import ArgumentParser
import Domain

/// The agent: the one Holdfast process on a database host.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast-agent",
        abstract: "Backs up the databases of this host, by the coordinator's plan and on its own clock.",
        discussion: """
            First time on a host:
              holdfast-agent join hf1_…           (printed by `holdfast token create` at the coordinator)
              holdfast-agent doctor
              holdfast-agent run
            """,
        version: Product.version,
        subcommands: [JoinCommand.self, RunCommand.self, DoctorCommand.self, RestoreCommand.self])
}
