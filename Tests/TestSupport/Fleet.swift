import Domain
package import Foundation
import Glibc
import Subprocess
import Synchronization

/// A coordinator and its agents, as built programs on loopback in a folder of their own, with mutual TLS: what an operator
/// has. Everything ends with ``stop()`` and with the value.
package final class Fleet: Sendable {
    package let folder: URL
    package let port: Int
    private let environment: [String: String]
    private let coordinator = Mutex<ProgramProcess?>(nil)

    /// Initialises and starts a coordinator. `environment` is its own (credentials, `BACKUP_…`).
    package init(environment: [String: String] = [:]) async throws {
        let base = FileManager.default.temporaryDirectory.appending(
            path: "holdfast-fleet-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: base, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        folder = base
        port = try FreePort.take()
        self.environment = environment.merging(
            ["HOME": base.path, "XDG_CONFIG_HOME": base.appending(path: "config").path]
        ) { $1 }
        try await holdfast("init", "--data-dir", data.path, "--hostname", "localhost", "--url", url)
        try await start()
    }

    deinit { stop() }

    package var data: URL { folder.appending(path: "coordinator") }
    package var url: String { "https://localhost:\(port)" }
    package var log: URL { folder.appending(path: "coordinator.log") }
    /// A directory destination for tests that apply a `fleet.yaml`; on every host, as hosts here share one disk.
    package var local: URL { folder.appending(path: "backups") }

    /// Starts the coordinator, and waits until it answers.
    package func start() async throws {
        let process = try ProgramProcess(
            ProgramProcess.built("holdfast"), ["serve", "--data-dir", data.path, "--listen", "127.0.0.1:\(port)"],
            environment: environment, log: log)
        coordinator.withLock { $0 = process }
        try await eventually("the coordinator answers") {
            try await self.run("status", "-o", "json").status == 0 ? true : nil
        }
    }

    package var coordinatorPid: Int32? { coordinator.withLock { $0?.pid } }

    /// As a crash would.
    package func killCoordinator() { coordinator.withLock { $0.take()?.kill() } }

    package func stop() {
        killCoordinator()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs one operator's command; throws with what it said unless it exits 0.
    @discardableResult
    package func holdfast(_ arguments: String..., input: String = "") async throws -> String {
        let output = try await run(arguments, input: input)
        guard output.status == 0 else {
            throw ServerFailure(
                "holdfast \(arguments.joined(separator: " ")) ended with \(output.status): \(output.error)")
        }
        return output.text
    }

    /// Runs one operator's command, whatever its exit status.
    package func run(_ arguments: String..., input: String = "") async throws -> ProgramOutput {
        try await run(arguments, input: input)
    }

    /// The same.
    package func run(_ arguments: [String], input: String) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            ProgramProcess.built("holdfast"), arguments, environment: environment, input: input)
    }

    /// Runs one operator's command on a terminal of its own, at which `input` is typed; what the terminal shows is the text.
    package func atTerminal(_ arguments: [String], typing input: String) async throws -> ProgramOutput {
        try await Terminal.run(
            [ProgramProcess.built("holdfast")] + arguments, typing: input, environment: environment)
    }

    /// Runs any program as the operator does, who finds the coordinator by the environment.
    package func asOperator(
        _ program: String, _ arguments: [String], environment more: [String: String] = [:], folder: URL? = nil
    ) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            program, arguments, environment: environment.merging(more) { $1 }, folder: folder)
    }

    /// The JSON that a listing prints.
    package func list<Value: Decodable>(_ type: Value.Type, _ arguments: String...) async throws -> Value {
        let output = try await run(arguments + ["-o", "json"], input: "")
        guard output.status == 0 else { throw ServerFailure("\(arguments): \(output.error)") }
        return try JSON.decoder().decode(type, from: Data(output.text.utf8))
    }

    /// Applies a `fleet.yaml`.
    package func apply(_ yaml: String) async throws {
        let file = folder.appending(path: "fleet.yaml")
        try Data(yaml.utf8).write(to: file)
        try await holdfast("apply", "-f", file.path)
    }

    /// Joins a host with one pasted line. It does not run yet.
    package func join(
        _ name: String, _ yaml: String, environment: [String: String] = [:]
    ) async throws -> FleetAgent {
        let agent = try host(
            name, in: name, yaml, environment: environment, joinString: try await joinString("--url", url))
        try await agent.command("join", agent.joinString, "--name", name)
        return agent
    }

    /// What `token create` prints.
    package func joinString(_ arguments: String...) async throws -> String {
        let output = try await run(["token", "create"] + arguments, input: "")
        guard let line = output.text.split(separator: "\n").first(where: { $0.hasPrefix("hf1_") }) else {
            throw ServerFailure("token create printed no join string on stdout: \(output.error)")
        }
        return String(line)
    }

    /// A host that has yet to join, in a folder of its own.
    package func host(
        _ name: String, in folder: String, _ yaml: String, environment: [String: String] = [:], joinString: String
    ) throws -> FleetAgent {
        try FleetAgent(
            name: name, folder: self.folder.appending(path: folder), yaml: yaml, environment: environment,
            joinString: joinString)
    }
}

/// One host of a ``Fleet``.
package final class FleetAgent: Sendable {
    package let name: String
    package let folder: URL
    /// What it joined with: a secret.
    package let joinString: String
    private let environment: [String: String]
    private let process = Mutex<ProgramProcess?>(nil)

    init(name: String, folder: URL, yaml: String, environment: [String: String], joinString: String) throws {
        self.name = name
        self.joinString = joinString
        self.folder = folder
        self.environment = environment.merging(["HOME": folder.path]) { $1 }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Tests keep their backups and what they restore among the temporary files, and move from store to store.
        let places = FileManager.default.temporaryDirectory.path
        let allow =
            "allow: { directories: [data, \(places)], endpoints: any, restoreTo: [declared, beside, \(places)] }"
        let text = yaml.contains("allow:") ? yaml : yaml + "\n\(allow)\n"
        let file = folder.appending(path: "agent.yaml")
        try Data(text.utf8).write(to: file)
        // It may hold a password.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    package var data: URL { folder.appending(path: "data") }
    package var log: URL { folder.appending(path: "agent.log") }
    package var backups: URL { data.appending(path: "backups") }
    package var pid: Int32? { process.withLock { $0?.pid } }

    private var options: [String] {
        ["--data-dir", data.path, "--config", folder.appending(path: "agent.yaml").path]
    }

    /// Runs one of the agent's commands; throws with what it said unless it exits 0.
    @discardableResult
    package func command(_ arguments: String..., environment more: [String: String] = [:]) async throws -> String {
        let output = try await run(arguments, more)
        guard output.status == 0 else {
            throw ServerFailure("holdfast-agent \(arguments) ended with \(output.status): \(output.error)")
        }
        return output.text
    }

    /// The same, whatever its exit status.
    package func run(_ arguments: [String], _ more: [String: String] = [:]) async throws -> ProgramOutput {
        try await ProgramOutput.of(
            ProgramProcess.built("holdfast-agent"), arguments + options,
            environment: environment.merging(more) { $1 }, input: "")
    }

    /// Runs one of the agent's commands on a terminal of its own; what the terminal shows is the text.
    package func atTerminal(
        _ arguments: [String], typing input: String = "", _ more: [String: String] = [:]
    ) async throws -> ProgramOutput {
        try await Terminal.run(
            [ProgramProcess.built("holdfast-agent")] + arguments + options, typing: input,
            environment: environment.merging(more) { $1 })
    }

    package func start(_ more: [String: String] = [:]) throws {
        let started = try ProgramProcess(
            ProgramProcess.built("holdfast-agent"), ["run", "--log-level", "debug"] + options,
            environment: environment.merging(more) { $1 }, log: log)
        process.withLock { $0 = started }
    }

    /// As a crash would.
    package func kill() { process.withLock { $0.take()?.kill() } }

    /// As systemd would; the exit status, or nil when it did not end in time.
    package func terminate(within milliseconds: Int = 30_000) -> Int32? {
        let running = process.withLock { $0.take() }
        running?.signal(SIGTERM)
        return running?.wait(milliseconds: milliseconds)
    }

    /// The exit status once it has ended by itself, nil when it still runs after that time.
    package func wait(milliseconds: Int) -> Int32? { process.withLock { $0 }?.wait(milliseconds: milliseconds) }
}
