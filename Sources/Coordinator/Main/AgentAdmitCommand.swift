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
            only hosts that still belong here: one that was revoked after the copy was made waits among them, and is turned away \
            for good by --refuse.

            Examples:
              holdfast agent admit db-07
              holdfast agent admit --all
              holdfast agent admit --refuse db-03
            """)

    @Argument(help: "Names or ids.", completion: Offered.strangers) var agents: [String] = []
    @Flag(help: "All that wait.") var all = false
    @Flag(help: "Turn them away: they are revoked from now on.") var refuse = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != !agents.isEmpty else { throw ValidationError("name hosts, or say --all") }
        guard !(all && refuse) else { throw ValidationError("name the hosts that are turned away") }
    }

    func run() async throws {
        let session = try OperatorSession()
        let answer = try await session.client.admit(AdmitRequest(agents: agents, refuse: refuse ? true : nil))
        try output.show(answer, session.terminal) { _ in
            answer.isEmpty
                ? ["no host waits to be admitted"]
                : answer.map { host in
                    let name = SafeText(host.name ?? host.id.uuidString.lowercased()).text
                    if let refusal = host.refusal { return "not admitted: \(name): \(SafeText(refusal).text)" }
                    return refuse ? "turned away: \(name)" : "admitted \(name)"
                }
        }
        if answer.contains(where: { $0.refusal != nil }) { throw ExitCode(1) }
    }
}
