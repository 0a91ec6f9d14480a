import AgentCore
import ArgumentParser
import Domain

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Back up by hand on this host, without the coordinator.",
        discussion: """
            Backs up the databases named, as agent.yaml calls them, or all of them, to where the plan says that lies here: the one that
            the coordinator sent last, however old. It is a run as every other (tier manual), and the coordinator is told of it when the
            agent next reaches it. Where the agent runs, it is asked to do it; where not, it is done here, and an agent that is started
            meanwhile waits for its end.

            To be run as the agent's own user and, where the agent does not run, with its environment.

            Exit status 0 when all are stored at every destination; else that of the first that is not: 5 no such database, 8 no plan
            that says where to, 9 and 10 the database, 11 and 12 the storage, 13 busy, 130 stopped.

            Examples:
              sudo -u holdfast-agent holdfast-agent backup inventorysync                (the agent runs)
              sudo systemd-run --pipe --wait --collect --quiet --property=User=holdfast-agent \\
                --property=EnvironmentFile=-/etc/holdfast/agent.env /usr/local/bin/holdfast-agent backup      (it does not)
              holdfast-agent backup --config ./agent.yaml --data-dir ./agent
            """)

    @Argument(
        help: "The databases, as agent.yaml calls them; all of them if none is named.", completion: declaredDatabases)
    var names: [String] = []

    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func run() async throws {
        let talk = try ManualTalk(host, shell, doing: "backup", done: "backed up")
        var databases: [DatabaseName] = []
        for name in names { databases.append(try DatabaseName(name)) }
        let answer = try await talk.answer(to: talk.request(databases))
        if let status = try talk.finish(answer) { throw status }
    }
}
