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
              holdfast init --restore s3://acme-backups --data-dir /var/lib/holdfast      (the coordinator was lost)
              holdfast init --restore /mnt/kept-ca --data-dir /var/lib/holdfast           (only ca.pem and ca-key.pem were kept)
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

    @Option(
        help: """
            Make it from a copy of a lost coordinator's catalog (a file, a folder, or s3://bucket/prefix with the AWS_* \
            variables), or from a folder with its ca.pem and ca-key.pem. Its agents go on with it.
            """, completion: .file())
    var restore: String?
    @Option(
        help: "The file with the key of the copies (the lost coordinator's catalog-key); asked for without.",
        completion: .file())
    var keyFile: String?

    @Flag(help: "Only make another admin token in a data directory that holds a coordinator.") var newToken = false

    func validate() throws {
        guard !dataDir.isEmpty else { throw ValidationError("--data-dir is empty") }
        guard !newToken || hostnames.isEmpty else { throw ValidationError("--new-token changes no names") }
        guard !newToken || restore == nil else { throw ValidationError("--restore makes an admin token anyway") }
        guard keyFile == nil || restore != nil else { throw ValidationError("--key-file belongs to --restore") }
    }

    func run() async throws {
        let terminal = Terminal()
        let folder = URL(filePath: dataDir, directoryHint: .isDirectory).absoluteURL
        let now = Date()
        let paths = CoordinatorPaths(dataDirectory: folder)
        let made: InitialisationResult
        if newToken {
            made = try Coordinator.addAdminToken(paths: paths, now: now)
        } else if let restore {
            made = try Coordinator.restore(
                CoordinatorSource(
                    from: restore, key: { () throws(BackupError) in try key(terminal) },
                    environment: ProcessInfo.processInfo.environment, now: { Date() }),
                paths: paths, hostnames: hostnames.isEmpty ? [] : Self.names(hostnames), now: now)
        } else {
            made = try Coordinator.initialise(paths: paths, hostnames: Self.names(hostnames), now: now)
        }
        let context = OperatorContext(url: url, token: made.adminToken, ca: made.caPEM)
        try terminal.print(
            ["coordinator  \(folder.path)", "CA SHA-256   \(made.caSha256)"]
                + (made.copy.map { ["made from    \($0)"] } ?? []) + store(context, terminal, now))
        guard !newToken else { return }
        guard restore == nil else {
            return terminal.say([
                "", "Next:",
                "  holdfast serve --data-dir \(dataDir)",
                "  holdfast catalog rebuild       what was backed up since that copy; nothing is deleted before",
                "  holdfast catalog show          hosts that joined since, and wait to be admitted",
                "Keep \(paths.catalogKey.path) in a safe place, too (`serve` makes one where there is none): it opens the next copies.",
            ])
        }
        terminal.say([
            "", "Next:",
            "  holdfast serve --data-dir \(dataDir)",
            "  holdfast token create          then on each host: holdfast-agent join JOIN-STRING",
            "  holdfast apply -f fleet.yaml   destinations, policies and alerts; without it, a default policy",
            "Keep a copy of \(paths.catalogKey.path) in a safe place, not on this host: it opens the copies of the catalog in the",
            "object stores, from which a lost coordinator comes back (holdfast init --restore). Whoever has both has the fleet.",
        ])
    }

    /// From the file, or typed.
    private func key(_ terminal: Terminal) throws(BackupError) -> CatalogKey {
        if let keyFile { return try CatalogKey(file: keyFile) }
        guard terminal.isInteractive else {
            throw BackupError(.usage, "nobody is there to ask: give the key of the copies with --key-file")
        }
        guard let text = terminal.ask("Key of the catalog's copies (the lost coordinator's file catalog-key):") else {
            throw BackupError(.cancelled, "nothing was made")
        }
        return try CatalogKey(text: text)
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
