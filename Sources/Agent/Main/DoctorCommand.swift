import AgentCore
import ArgumentParser

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what would stop a backup on this host, and how to mend it.",
        discussion: """
            Exit status 0 when nothing was found, 1 otherwise.

            Example:
              holdfast-agent doctor --config /etc/holdfast/agent.yaml
            """)

    @OptionGroup var host: HostOptions

    func run() async throws {
        let world = AgentWorld.live
        let findings = await Doctor(paths: host.paths, configuration: try host.configuration(world), world: world)
            .findings()
        for finding in findings {
            print("\(finding.isGood ? "ok  " : "BAD ") \(finding.subject): \(finding.words)")
        }
        if !findings.allSatisfy(\.isGood) { throw ExitCode(1) }
    }
}
