import AgentCore
import ArgumentParser

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what would stop a backup on this host, and how to mend it.",
        discussion: """
            Exit status 0 when nothing was found, 1 otherwise. To be run as the agent's own user and with its \
            environment, so that the secrets of the service are there.

            Examples:
              sudo systemd-run --pipe --wait --collect --quiet --property=User=holdfast-agent \\
                --property=EnvironmentFile=-/etc/holdfast/agent.env /usr/local/bin/holdfast-agent doctor
              holdfast-agent doctor --config ./agent.yaml --data-dir ./agent
            """)

    @OptionGroup var host: HostOptions

    func run() async throws {
        let world = AgentWorld.live
        // As another user it would see other things than the agent does, and leave files that are not the agent's.
        if let finding = Doctor.wrongUser(host.paths) {
            tell(finding)
            throw ExitCode(1)
        }
        let findings = await Doctor(
            paths: host.paths, configuration: try host.configuration(world), file: host.file, world: world
        ).findings()
        for finding in findings { tell(finding) }
        if !findings.allSatisfy(\.isGood) { throw ExitCode(1) }
    }

    private func tell(_ finding: Doctor.Finding) {
        print("\(finding.isGood ? "ok  " : "BAD ") \(finding.subject): \(finding.words)")
    }
}
