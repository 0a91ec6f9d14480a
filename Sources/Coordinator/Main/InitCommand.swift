import ArgumentParser
import CoordinatorCore
import Daemon
import Domain
import Foundation
import Glibc

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new coordinator: CA, server certificate, catalog, and the first admin token.",
        discussion: """
            Refuses a directory that already holds a coordinator. The token goes into this user's context file, so that
            operators' commands work here at once.
            Examples:
              holdfast init --data-dir /var/lib/holdfast --hostname backup.example.com
              holdfast init --data-dir /tmp/try --hostname localhost
              holdfast init --data-dir /var/lib/holdfast --new-token    (no admin token is left; `serve` must be stopped)
            """)

    @Option(help: "Where the coordinator keeps its files.", completion: .directory) var dataDir: String
    @Option(
        name: .customLong("hostname"),
        help:
            "A name or address by which agents and operators reach it; may be repeated, the first one goes into join strings."
    )
    var hostnames: [String] = []
    @Option(help: "The address that the context file gets.") var url = "https://localhost:8443"
    @Flag(help: "Print the admin token instead of writing the context file.") var noContext = false

    @Flag(help: "Only make another admin token in a data directory that holds a coordinator.") var newToken = false

    func validate() throws {
        guard !dataDir.isEmpty else { throw ValidationError("--data-dir is empty") }
        guard !newToken || hostnames.isEmpty else { throw ValidationError("--new-token changes no names") }
    }

    func run() async throws {
        let terminal = Terminal()
        let folder = URL(filePath: dataDir, directoryHint: .isDirectory).absoluteURL
        let now = Date()
        let paths = CoordinatorPaths(dataDirectory: folder)
        let made =
            newToken
            ? try Coordinator.addAdminToken(paths: paths, now: now)
            : try Coordinator.initialise(paths: paths, hostnames: Self.names(hostnames), now: now)
        let context = OperatorContext(url: url, token: made.adminToken, ca: made.caPEM)
        try terminal.print(
            ["coordinator  \(folder.path)", "CA SHA-256   \(made.caSha256)"] + store(context, terminal, now))
        guard !newToken else { return }
        terminal.say([
            "", "Next:",
            "  holdfast serve --data-dir \(dataDir)",
            "  holdfast token create          then on each host: holdfast-agent join JOIN-STRING",
            "  holdfast apply -f fleet.yaml   destinations, policies and alerts; without it, a default policy",
            "Keep a copy of \(folder.appending(path: "ca-key.pem").path) in a safe place: agents trust it.",
        ])
    }

    /// The token is shown once and never again, so whatever hinders the file must not lose it.
    private func store(_ context: OperatorContext, _ terminal: Terminal, _ now: Date) -> [String] {
        let token = ["admin token  \(context.token)"]
        guard !noContext, let file = OperatorContext.file(environment: ProcessInfo.processInfo.environment) else {
            return token
        }
        do {
            if let kept = try context.write(to: file, now: now) { terminal.say("the older context is kept as \(kept)") }
            return ["context      \(file)"]
        } catch {
            terminal.say("the context file was not written, so keep the token: \(error)", .warning)
            return token
        }
    }

    /// This machine's name when none is given; loopback always, so that its own operator gets in.
    static func names(_ given: [String]) -> [String] {
        var names = given.isEmpty ? [machineName()] : given
        for name in ["localhost", "127.0.0.1", "::1"] where !names.contains(name) { names.append(name) }
        return names
    }

    private static func machineName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }
}
