import CoordinatorClient
import Daemon
import Domain
import Foundation

/// How an operator reaches the coordinator: what `holdfast init` wrote, with what the environment says instead.
struct OperatorContext: Codable, Equatable, Sendable {
    var url: String
    /// A secret.
    var token: String
    /// PEM; nil trusts this machine's authorities.
    var ca: String?

    /// `${XDG_CONFIG_HOME:-~/.config}/holdfast/context.json`; nil when there is no home.
    static func file(environment: [String: String]) -> String? {
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") {
            return folder + "/holdfast/context.json"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return home + "/.config/holdfast/context.json"
    }

    /// `HOLDFAST_URL`, `HOLDFAST_TOKEN` and `HOLDFAST_CA` (a file's path, or the PEM itself) win over the file.
    /// Throws `.configuration`, saying what is missing.
    static func current(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(BackupError) -> OperatorContext {
        let file = file(environment: environment)
        let (url, token) = (environment.text("HOLDFAST_URL"), environment.text("HOLDFAST_TOKEN"))
        var ca: String?
        if let text = environment.text("HOLDFAST_CA") { ca = try pem(text) }
        if let url, let token {
            if ca == nil { ca = try stored(at: file)?.ca }
            return OperatorContext(url: url, token: token, ca: ca)
        }
        guard let stored = try stored(at: file) else {
            throw BackupError(
                .configuration,
                "no coordinator is known: set HOLDFAST_URL, HOLDFAST_TOKEN and HOLDFAST_CA, or run `holdfast init` here "
                    + "(looked for \(file ?? "a context file, but HOME is not set"))")
        }
        // The stored token goes only where the stored authority vouches for the name, or to the very same address.
        guard token != nil || ca == nil || url == nil || url == stored.url else {
            throw BackupError(
                .configuration, "HOLDFAST_URL and HOLDFAST_CA name another coordinator: set HOLDFAST_TOKEN too")
        }
        return OperatorContext(url: url ?? stored.url, token: token ?? stored.token, ca: ca ?? stored.ca)
    }

    private static func stored(at file: String?) throws(BackupError) -> OperatorContext? {
        guard let file, access(file, F_OK) == 0 else { return nil }
        try FileRights.require(file, .settings(holdSecret: true))
        let bytes = try AtomicFile.read(file, limit: 1 << 20)
        do {
            return try JSON.decoder().decode(OperatorContext.self, from: Data(bytes))
        } catch {
            // The cause is left out: it could quote the token.
            throw BackupError(.configuration, "\(file) is not a context file as `holdfast init` writes it")
        }
    }

    private static func pem(_ text: String) throws(BackupError) -> String {
        if text.hasPrefix("-----BEGIN") { return text }
        let path = (text as NSString).expandingTildeInPath
        do throws(BackupError) {
            return try GivenFile.text(
                path, .configuration, remedy: "set it to the path of the coordinator's ca.pem, or to that file's text")
        } catch {
            throw BackupError(.configuration, "HOLDFAST_CA: \(error.message)")
        }
    }

    /// Writes it 0600 in a folder that is 0700. What was there is kept beside; returns its new name.
    func write(to file: String, now: Date) throws(BackupError) -> String? {
        let folder = (file as NSString).deletingLastPathComponent
        try PrivateDirectory.ensure(folder)
        var kept: String?
        if access(file, F_OK) == 0 {
            let beside = "\(folder)/context-\(Timestamp.compact(now)).json"
            guard rename(file, beside) == 0 else {
                throw BackupError(.storageRefused, "keeping the older context as \(beside)")
            }
            kept = beside
        }
        do {
            try AtomicFile.write(file, Array(JSON.encoder(pretty: true).encode(self)))
        } catch let error as BackupError {
            throw error
        } catch {
            throw BackupError(.bug, "encoding the context", cause: error)
        }
        return kept
    }

    /// The coordinator that it names.
    func client() throws(BackupError) -> OperatorClient { try OperatorClient(url: url, token: token, caPEM: ca) }
}

extension [String: String] {
    fileprivate func text(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
