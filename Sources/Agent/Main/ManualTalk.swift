import AgentCore
import ArgumentParser
import Daemon
import Domain
import Foundation
import Logging
import Threads

/// What is done by hand on this host and told to the coordinator later: by the agent where it runs, else by this process.
struct ManualTalk {
    /// What the lock file says of who holds it.
    static let holder = "holdfast-agent backup"

    let host: HostOptions
    let world: AgentWorld
    private var paths: AgentPaths { host.paths }

    /// Throws `.configuration` for the wrong user, with `doing` and `done` in its words, and for a host that has not joined.
    init(_ host: HostOptions, _ shell: ShellOptions, doing: String, done: String) throws {
        if let finding = Doctor.wrongUser(host.paths) {
            throw BackupError(
                .configuration,
                finding.words.replacing("doctor", with: doing).replacing(
                    "Nothing was looked at", with: "Nothing was \(done)"))
        }
        self.host = host
        world = try shell.world()
        _ = try AgentIdentity.load(host.paths)
    }

    func request(_ databases: [DatabaseName], adopts: AdoptedDump? = nil) -> ManualRequest {
        ManualRequest(id: world.newID(), databases: databases, at: world.now(), adopts: adopts)
    }

    /// Does it, or has it done, and answers how it ended.
    func answer(to request: ManualRequest) async throws -> ManualAnswer {
        do throws(BackupError) {
            let lock = try LockFile(path: paths.lock.path, program: Self.holder, now: world.now())
            defer { lock.release() }
            return try await here(request)
        } catch {
            guard error.code == .busy, !error.message.contains(Self.holder) else { throw error }
            return try await byAgent(request, holder: error.message)
        }
    }

    /// Done by this process.
    private func here(_ request: ManualRequest) async throws(BackupError) -> ManualAnswer {
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

    /// So often it is looked whether the agent is still there, in seconds.
    private static let lookEvery = 5.0

    /// Whether nobody holds the data directory any more.
    private func isAgentGone() throws(BackupError) -> Bool {
        do throws(BackupError) {
            try LockFile(path: paths.lock.path, program: Self.holder, now: world.now()).release()
            return true
        } catch {
            guard error.code == .busy else { throw error }
            return false
        }
    }

    private static func gone(nothingBegun: Bool) -> BackupError {
        BackupError(
            .unreachable,
            nothingBegun
                ? "the agent ended before it took the request: nothing was begun; do this again, or start the agent"
                : "the agent ended while it was at work: start it, and it goes on with what it had begun and tells the coordinator"
        )
    }

    /// Done by the agent that runs here.
    private func byAgent(_ request: ManualRequest, holder: String) async throws -> ManualAnswer {
        let folder = try RequestFolder(host.paths)
        try folder.ask(request)
        say("the agent that runs here is asked to do it (^C ends only the waiting)")
        let progress = WorkProgress()
        return try await ProgressTalk.showing(progress) {
            let began = ContinuousClock.now
            var looked = began
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
                // The answer of an agent that has died never comes.
                if looked.duration(to: .now) > .seconds(Self.lookEvery) {
                    looked = .now
                    let isOver = try isAgentGone() ? folder.answer(request.id)?.isOver ?? false : true
                    if !isOver { throw Self.gone(nothingBegun: folder.withdraw(request.id)) }
                }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Says how it ended. Returns the status to end with where that is not 0.
    func finish(_ answer: ManualAnswer) throws -> ExitCode? {
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
        return first.map { ExitCode(ExitStatus($0).rawValue) }
    }
}
