import ArgumentParser
import Domain

/// The coordinator and the operator's command line.
@main
struct Holdfast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Backs up the databases of a fleet of hosts, and proves that they come back.",
        discussion: """
            Operators reach the coordinator by HOLDFAST_URL, HOLDFAST_TOKEN and HOLDFAST_CA, or by the context file that \
            `holdfast init` wrote. Listings take -o json. Data goes to standard output, talk to standard error.

            Exit status: 0 ok, 1 failed, 2 usage, 3 bytes are not what they must be, 4 the target exists, 5 not found, \
            6 coordinator not reachable, 7 forbidden, 8 configuration, 9 database not reachable, 10 database refuses, \
            11 storage not reachable, 12 storage refuses, 13 busy, 70 a fault of Holdfast, 130 cancelled, \
            141 nobody reads the output. `check` and `health` have their own: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
            """,
        version: "holdfast \(Product.version)",
        groupedSubcommands: [
            CommandGroup(name: "See", subcommands: [Status.self, Check.self, Health.self]),
            CommandGroup(
                name: "Back up and restore",
                subcommands: [
                    BackupGroup.self, Restore.self, RestoredGroup.self, Cleanup.self, Adopt.self, RunGroup.self,
                    OperationGroup.self,
                ]),
            CommandGroup(
                name: "The fleet",
                subcommands: [
                    Apply.self, TokenGroup.self, AgentGroup.self, DatabaseGroup.self, ScheduleGroup.self,
                    DestinationGroup.self, AlertGroup.self,
                ]),
            CommandGroup(name: "The coordinator", subcommands: [Init.self, Serve.self, CatalogGroup.self]),
        ])

    static func main() async {
        let parsed: any ParsableCommand
        do {
            parsed = try await asyncParseAsRoot(RestoredGroup.named(Array(CommandLine.arguments.dropFirst())))
        } catch {
            ProgramEnd.parsing(error, of: Self.self)
        }
        do {
            if var command = parsed as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = parsed
                try command.run()
            }
        } catch {
            ProgramEnd.running(error, of: Self.self)
        }
    }
}
