import AgentCore
import ArgumentParser
import Daemon
import Threads

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Tell what would stop a backup on this host, and how to mend it.",
        discussion: """
            Does what a backup and a restore do, but for the data: each PostgreSQL database's definitions are dumped, restored \
            into a database NAME_rehearsed_TIME that is dropped again, which costs the server what making its empty tables costs \
            (--read-only leaves it away; so does doctor, and says so, where there are more than 50,000); a SQLite database up to \
            1 GiB is copied and checked; small objects are stored at each destination.

            Exit status 0 when nothing would stop a backup, or every restore here, and 1 otherwise; a WARN is about what would be \
            missing. To be run as the agent's own user and with its \
            environment, so that the secrets of the service are there.

            Examples:
              sudo systemd-run --pipe --wait --collect --quiet --property=User=holdfast-agent \\
                --property=EnvironmentFile=-/etc/holdfast/agent.env /usr/local/bin/holdfast-agent doctor
              holdfast-agent doctor --config ./agent.yaml --data-dir ./agent
            """)

    @OptionGroup var host: HostOptions

    @Flag(help: "Make nothing in databases, not even for a moment: no restore is rehearsed.")
    var readOnly = false

    func run() async throws {
        let world = AgentWorld.live
        // As another user it would see other things than the agent does, and leave files that are not the agent's.
        if let finding = Doctor.wrongUser(host.paths) {
            Self.tell(finding)
            throw ExitCode(1)
        }
        let (paths, file, isReadOnly, stop) = (host.paths, host.file, readOnly, StopSignal())
        let configuration = try host.configuration(world)
        let findings = try await stoppingAtSignals(stop.stop) {
            await Doctor(
                paths: paths, configuration: configuration, file: file, world: world, isReadOnly: isReadOnly, stop: stop
            ).findings(Self.tell)
        }
        if !findings.allSatisfy(\.isGood) { throw ExitCode(1) }
    }

    private static func tell(_ finding: Doctor.Finding) {
        let mark =
            switch finding.verdict {
            case .good: "ok  "
            case .warning: "WARN"
            case .bad: "BAD "
            }
        print("\(mark) \(finding.subject): \(finding.words)")
    }
}
