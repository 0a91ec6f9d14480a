import AgentCore
import ArgumentParser
import Daemon
import Domain
import Engines
import Foundation

/// What restores on this host left or keep beside.
struct RestoredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restored",
        abstract: "Show and remove what restores keep here: replaced databases, debris of those that died.",
        subcommands: [RestoredListCommand.self, RestoredDiscardCommand.self],
        defaultSubcommand: RestoredListCommand.self)

    /// Throws where this user is another than the agent's.
    static func remains(_ host: HostOptions, _ shell: ShellOptions) throws -> RestoreRemains {
        if let finding = Doctor.wrongUser(host.paths) {
            throw BackupError(.configuration, finding.words.replacing("doctor", with: "backup"))
        }
        let world = try shell.world()
        return RestoreRemains(
            journal: RestoreJournal(host.paths, now: world.now), configuration: try host.configuration(world),
            paths: host.paths)
    }
}

struct RestoredListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what restores keep here.",
        discussion: """
            replaced: what had the name before a restore with --force. loaded: whole, and without the name that it was to have.
            debris: of a restore that died; the agent drops it at its start, unless something speaks against it.
            To be run as the agent's own user.

            Examples:
              sudo -u holdfast-agent holdfast-agent restored list
              holdfast-agent restored list -o json --config ./agent.yaml --data-dir ./agent
            """)

    @Option(name: [.customShort("o"), .long], help: "text or json.") var output = "text"
    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func validate() throws {
        guard ["text", "json"].contains(output) else { throw ValidationError("--output takes text or json") }
    }

    func run() async throws {
        let found = try await RestoredCommand.remains(host, shell).look()
        let now = Date()
        if output == "json" {
            let encoder = JSON.encoder()
            encoder.outputFormatting.insert(.prettyPrinted)
            print(String(decoding: try encoder.encode(found.items.map(\.view)), as: UTF8.self))
        } else {
            for item in found.items {
                print(
                    "\(item.record.id.uuidString.lowercased().prefix(8))  \(item.kind.rawValue)  \(item.words(now: now)), by \(item.record.words)"
                )
                if let obstacle = item.obstacle { print("          \(obstacle)") }
            }
            if found.items.isEmpty, found.unknown.isEmpty { say("restores keep nothing here") }
        }
        for words in found.unknown { say("not looked at: \(words)") }
        if !found.unknown.isEmpty { throw ExitCode(1) }
    }
}

struct RestoredDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Remove what a restore keeps here, for good.",
        discussion: """
            Takes the id of `restored list`, or the whole name. Asks for the name to be typed, unless --force is given. What is in use
            is not removed, nor is what the list does not know.

            Exit status: 0 removed, 5 nothing of that name is kept, 13 it is in use, 130 not confirmed.

            Examples:
              sudo -u holdfast-agent holdfast-agent restored discard 7f3a90c2 --dry-run
              sudo -u holdfast-agent holdfast-agent restored discard shop_before_20260115_020000
            """)

    @Argument(help: "The id of a restore, or the name of a database, file or folder.") var name: String
    @Flag(help: "Show what would be removed, and remove nothing.") var dryRun = false
    @Flag(help: "Do not ask.") var force = false
    @OptionGroup var shell: ShellOptions
    @OptionGroup var host: HostOptions

    func run() async throws {
        let remains = try RestoredCommand.remains(host, shell)
        let found = try await remains.look()
        let items = found.items.filter {
            $0.thing.name == name
                || name.count >= 4 && $0.record.id.uuidString.lowercased().hasPrefix(name.lowercased())
        }
        for words in found.unknown { say("not looked at: \(words)") }
        guard !items.isEmpty else {
            throw BackupError(
                .notFound,
                "no restore keeps \"\(name)\" here (`holdfast-agent restored list` shows what is kept); what Holdfast did not make or "
                    + "set aside itself, it does not remove")
        }
        guard Set(items.map(\.record.id)).count == 1 else {
            throw BackupError(.usage, "\"\(name)\" stands for more than one restore: give more of the id, or the name")
        }
        let now = Date()
        if dryRun {
            for item in items {
                print("would remove \(item.words(now: now))\(item.obstacle.map { ", but: \($0)" } ?? "")")
            }
            return
        }
        for item in items {
            say("this removes \(item.words(now: now)) for good")
            if !force { try Confirmation.removal(of: item.thing.name) }
            try await remains.remove(item)
            print("removed \(item.thing.words)")
        }
    }
}
