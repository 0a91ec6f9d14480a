import ArgumentParser
import CoordinatorClient
import Domain
import Foundation
import Wire

struct AgentAdmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admit", abstract: "Let hosts in again that the catalog has forgotten.",
        discussion: """
            A catalog that was made anew from an older copy, or from manifests, lacks hosts that had joined. They go on backing up, and \
            speak with certificates of this coordinator's authority: `holdfast catalog show` lists those that have called. Admit \
            only hosts that still belong here.

            Examples:
              holdfast agent admit db-07
              holdfast agent admit --all
            """)

    @Argument(help: "Names or ids.") var agents: [String] = []
    @Flag(help: "All that wait.") var all = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !agents.isEmpty else { throw ValidationError("name hosts, or say --all") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let admitted = try await session.client.admit(AdmitRequest(agents: agents))
        try output.show(admitted, session.terminal) { _ in
            admitted.isEmpty
                ? ["no host waits to be admitted"]
                : admitted.map { "admitted \(SafeText($0.name ?? $0.id.uuidString.lowercased()).text)" }
        }
    }
}
