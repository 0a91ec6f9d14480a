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
        subcommands: [
            JoinCommand.self, RunCommand.self, DoctorCommand.self, BackupCommand.self, AdoptCommand.self,
            RestoreCommand.self, RestoredCommand.self,
            BenchInspectCommand.self,
        ])

    static func main() async {
        let parsed: any ParsableCommand
        do {
            parsed = try await asyncParseAsRoot()
        } catch {
            ProgramEnd.parsing(error)
        }
        do {
            if var command = parsed as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = parsed
                try command.run()
            }
        } catch {
            ProgramEnd.running(error)
        }
    }
}
