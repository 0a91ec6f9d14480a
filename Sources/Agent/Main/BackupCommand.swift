import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation
import Logging
import Threads

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

    /// What the lock file says of who holds it.
    static let holder = "holdfast-agent backup"

    @Argument(help: "The databases, as agent.yaml calls them; all of them if none is named.")
    var names: [String] = []

    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func run() async throws {
        if let finding = Doctor.wrongUser(host.paths) {
            throw BackupError(
                .configuration,
                finding.words.replacing("doctor", with: "backup").replacing(
                    "Nothing was looked at", with: "Nothing was backed up"))
        }
        let world = try shell.world()
        let paths = host.paths
        _ = try AgentIdentity.load(paths)
        var databases: [DatabaseName] = []
        for name in names { databases.append(try DatabaseName(name)) }
        let request = ManualRequest(id: world.newID(), databases: databases, at: world.now())
        let answer: ManualAnswer
        do throws(BackupError) {
            let lock = try LockFile(path: paths.lock.path, program: Self.holder, now: world.now())
            defer { lock.release() }
            answer = try await here(request, world)
        } catch {
            guard error.code == .busy, !error.message.contains(Self.holder) else { throw error }
            answer = try await byAgent(request, holder: error.message)
        }
        try finish(answer)
    }

    /// Done by this process.
    private func here(_ request: ManualRequest, _ world: AgentWorld) async throws(BackupError) -> ManualAnswer {
        do {
            let configuration = try host.configuration(world)
            let secrets = SecretList(environment: world.environment)
            for secret in configuration.secrets { secrets.add(secret) }
            let logger = startLogging(label: Self.holder, level: .error, secrets: secrets)
            let backup = try ManualBackup(
                paths: host.paths, configuration: configuration, world: world, logger: logger)
            say("the agent does not run: backing up here; it tells the coordinator when it is started")
            let (stop, progress) = (StopSignal(), WorkProgress())
            return try await stoppingAtSignals(stop.stop) {
                try await ProgressTalk.showing(progress) {
                    try await backup.run(request, stop: stop) { progress.show($0) }
                }
            }
        } catch let error as BackupError {
            throw error
        } catch {
            throw BackupError(error is CancellationError ? .cancelled : .bug, "backing up", cause: error)
        }
    }

    /// So long an agent may take to notice a request, in seconds.
    private static let patience = 20.0

    /// Done by the agent that runs here.
    private func byAgent(_ request: ManualRequest, holder: String) async throws -> ManualAnswer {
        let folder = try RequestFolder(host.paths)
        try folder.ask(request)
        say("the agent that runs here is asked to do it (^C ends only the waiting)")
        let progress = WorkProgress()
        return try await ProgressTalk.showing(progress) {
            let began = ContinuousClock.now
            while true {
                if let answer = try folder.answer(request.id) {
                    progress.show(answer)
                    if answer.isOver {
                        folder.withdraw(request.id)
                        return answer
                    }
                } else if began.duration(to: .now) > .seconds(Self.patience), folder.withdraw(request.id) {
                    throw BackupError(
                        .busy,
                        "\(holder), and it has not taken the request in \(Int(Self.patience)) seconds: it is of an older version, or "
                            + "hangs; restart it, or stop it and do this again. Nothing was begun")
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func finish(_ answer: ManualAnswer) throws {
        if let refusal = answer.refusal { throw refusal.error }
        for words in answer.skipped { say("left out: \(words)") }
        var first: BackupError?
        for run in answer.runs {
            guard let end = run.end else { continue }
            let places = end.destinations.joined(separator: ", ")
            if let failure = end.failure {
                first = first ?? failure.error
                say("\(run.database) FAILED\(places.isEmpty ? "" : ", stored at \(places) only"): \(failure.message)")
            } else {
                say("\(run.database): \(AmountText.size(run.storedBytes)) stored at \(places)")
            }
            if let manifest = end.manifest { print(manifest) }
        }
        if let first { throw ExitCode(ExitStatus(first).rawValue) }
    }
}
