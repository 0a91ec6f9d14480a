import ArgumentParser
import CoordinatorClient
import Daemon
import Domain
import Foundation
import Wire

/// Typed as `holdfast restore list` and `restore discard`.
struct RestoredGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restored", abstract: "What restores keep on the hosts, such as databases that were replaced.",
        subcommands: [RestoreList.self, RestoreDiscard.self])

    /// `restore` takes a backup, whose id is never such a word.
    static func named(_ arguments: [String]) -> [String] {
        guard arguments.first == "restore", arguments.count > 1, ["list", "discard"].contains(arguments[1]) else {
            return arguments
        }
        return ["restored"] + arguments.dropFirst()
    }
}

struct RestoreList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what restores keep on the hosts.",
        discussion: """
            replaced: what had the name before a restore with --force. loaded: whole, and without the name that it was to have.
            debris: of a restore that died; its agent drops it at its start, unless something speaks against it. As each host said
            last, at the latest ten minutes ago.

            Examples:
              holdfast restore list
              holdfast restore list --agent db-01 -o json
            """)

    @Option(help: "Only of this agent.") var agent: String?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let remains = try await session.client.remains().filter { agent == nil || $0.agent == agent }
        try output.show(remains, session.terminal) { RemainRendering.lines(remains, now: Date(), $0) }
        if remains.isEmpty, output.format == .table { session.terminal.say("restores keep nothing on the hosts") }
    }
}

struct RestoreDiscard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Remove what a restore keeps on its host, for good.",
        discussion: """
            Takes the id of `restore list`, or the whole name. Asks for the name to be typed, unless --force is given. The host has to
            permit it (allow.discard in its agent.yaml); without that, `holdfast-agent restored discard` on the host does it. An
            admin's to do; it is recorded.

            Exit status: 0 removed, 5 nothing of that name is kept, 7 the host does not allow it, 13 it is in use or the host is
            offline, 130 not confirmed.

            Examples:
              holdfast restore discard 7f3a90c2 --dry-run
              holdfast restore discard shop_before_20260115_020000 --agent db-01
            """)

    @Argument(help: "The id of a restore, or the name of a database, file or folder.") var name: String
    @Option(help: "Only on this agent.") var agent: String?
    @Flag(help: "Show what would be removed, and remove nothing.") var dryRun = false
    @Flag(help: "Do not ask.") var force = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let session = try OperatorSession()
        let found = try await session.client.remains().filter { remain in
            (agent == nil || remain.agent == agent)
                && (remain.name == name
                    || name.count >= 4 && remain.restore.uuidString.lowercased().hasPrefix(name.lowercased()))
        }
        guard let first = found.first, let host = first.agent else {
            throw BackupError(
                .notFound,
                "no restore keeps \(SafeText(name).text), as far as the hosts have told: `holdfast restore list`")
        }
        guard Set(found.map { "\($0.agent ?? "") \($0.restore)" }).count == 1 else {
            throw BackupError(
                .usage, "\(SafeText(name).text) stands for more than one restore: give more of the id, or --agent")
        }
        if dryRun { return try output.show(found, session.terminal) { RemainRendering.lines(found, now: Date(), $0) } }
        for remain in found {
            let shown = SafeText(remain.name).text
            session.terminal.say("this removes the \(remain.what) \(shown) on \(host) for good", .bad)
            if !force { try confirm(shown, session.terminal) }
            let asked = try await session.client.discard(
                DiscardRequest(agent: host, restore: remain.restore, name: remain.name))
            let ended = try await follow(asked, session)
            guard ended.succeeded == true else {
                let code = ended.failure.flatMap { BackupError.Code(rawValue: $0.code) } ?? .bug
                throw BackupError(
                    code, "not removed: \(ended.failure?.message ?? ended.message ?? "no reason was given")")
            }
            try output.show(ended, session.terminal) { _ in [SafeText(ended.message ?? "removed").text] }
        }
    }

    private func confirm(_ shown: String, _ terminal: Terminal) throws(BackupError) {
        guard terminal.isInteractive else {
            throw BackupError(.usage, "nobody is there to ask: confirm it with --force")
        }
        guard terminal.ask("Type \(shown) to go on:") == shown else {
            throw BackupError(.cancelled, "nothing was removed")
        }
    }

    private func follow(_ asked: DiscardView, _ session: OperatorSession) async throws -> DiscardView {
        var view = asked
        while view.succeeded == nil {
            try await Task.sleep(for: .milliseconds(300))
            view = try await session.client.discard(asked.command)
        }
        return view
    }
}

/// What restores keep, as rows.
enum RemainRendering {
    static func lines(_ remains: [Remain], now: Date, _ look: Look) -> [String] {
        guard !remains.isEmpty else { return [] }
        var table = Table([
            .init(title: "RESTORE"), .init(title: "AGENT", shrinks: true), .init(title: "WHAT"),
            .init(title: "NAME", shrinks: true), .init(title: "SIZE", isNumber: true), .init(title: "SINCE"),
            .init(title: "NOTE", shrinks: true, dispensable: 1),
        ])
        for remain in remains {
            table.add([
                .init(id: remain.restore), .init(remain.agent ?? ""), .init("\(remain.kind) \(remain.what)"),
                .init(remain.name), .init(Quantity.size(remain.bytes)), .init(Quantity.age(remain.since, now: now)),
                .init(remain.obstacle ?? remain.by),
            ])
        }
        return table.lines(look)
    }
}
