import CoordinatorClient
import Domain
import Foundation
import Wire

/// What a person is asked before a restore.
struct RestoreChoice: Sendable {
    let client: OperatorClient
    let terminal: Terminal

    private static let shown = 20

    /// The backup of that id, or with an object of that path; without either, the one that is chosen from the newest. Throws `.usage`
    /// when nobody can be asked.
    func backup(_ id: String?, agent: String?, database: String?) async throws -> BackupDetailView {
        if let id {
            guard BackupByPath.isPath(id) else { return try await client.backup(id) }
            let found = try await BackupByPath(client: client).backup(
                id,
                otherwise:
                    "what the catalog does not know is restored on a database host that can read it, without the coordinator: "
                    + "holdfast-agent restore \(id)")
            terminal.say("\(found.database) from \(found.agent), backup \(ShortID.text(found.id)), has it")
            return try await client.backup(ShortID.full(found.id))
        }
        guard terminal.isInteractive else {
            throw BackupError(
                .usage, "nobody is there to ask: pass the id of a backup (`holdfast backup list` shows them)")
        }
        // Some of the newest may be damaged or partial; the good ones are what is offered.
        let asked = Self.shown * 5
        let newest = try await client.backups(BackupQuery(database: database, agent: agent, limit: asked))
        // By what is in them: a backup that came late is not the newest for that.
        let good = newest.filter { $0.state == .good }.sorted { $0.dataAsOf > $1.dataAsOf }
        let offered = Array(good.prefix(Self.shown))
        guard !offered.isEmpty else { throw Self.nothing(among: newest.count, asked: asked, agent, database) }
        terminal.say(BackupRendering.lines(offered, now: Date(), numbered: true, terminal.talkLook))
        if good.count > offered.count || newest.count == asked {
            terminal.say(
                "only the newest are shown; narrow them with --database or --agent, or pass an id (`holdfast backup list`)"
            )
        }
        while true {
            guard let answer = terminal.ask("Number of the backup to restore (1-\(offered.count), q to quit):"),
                answer != "q"
            else { throw BackupError(.cancelled, "nothing was restored") }
            guard let number = Int(answer), offered.indices.contains(number - 1) else {
                terminal.say("there is no number \(SafeText(answer).text) in the list")
                continue
            }
            return try await client.backup(ShortID.full(offered[number - 1].id))
        }
    }

    /// What can still be done when the agent that should restore was revoked.
    static func advice(forRevoked agent: String, _ detail: BackupDetailView) -> String {
        let host = detail.backup.agent
        guard agent == host else { return "the agent \(agent) was revoked: name another, or leave out --agent" }
        let whole = detail.copies.filter(\.isComplete)
        let folders = whole.map { detail.locations?[$0.destination] ?? $0.folder }
        guard !whole.isEmpty, !folders.contains(where: { $0.hasPrefix("s3://") }) else {
            return "the agent \(agent) was revoked: name another with --agent"
        }
        let places = zip(whole, folders).map { "\($0.objects.last?.name ?? "the manifest") in \($1)" }
        return
            "the agent \(agent) was revoked, and the backup lies on its host only, \(places.joined(separator: " and ")): "
            + "restore it there by `holdfast-agent restore`, or copy it and the objects that it names to another host and "
            + "restore there"
    }

    private static func nothing(among found: Int, asked: Int, _ agent: String?, _ database: String?) -> BackupError {
        let what = (database.map { " of database \($0)" } ?? "") + (agent.map { " from agent \($0)" } ?? "")
        let hint =
            agent == nil ? "" : "; to restore another agent's backup there, pass its id (`holdfast backup list`)"
        return BackupError(
            .notFound,
            found < asked
                ? "there is no good backup\(what) to restore\(hint)"
                : "none of the newest \(asked) backups\(what) is good; find one with `holdfast backup list --limit`")
    }

    /// Asks before something is replaced, and before what was chosen from the list is restored. Throws `.cancelled` when the
    /// answer is anything else than what was asked for, and `.usage` when nobody can be asked.
    func confirm(_ plan: RestorePlan, wasChosen: Bool) throws(BackupError) {
        let name = SafeText(plan.nameToType).text
        let (question, expected) =
            plan.replace
            ? ("This replaces \(name). Type \(name) to go on:", name) : ("Type YES to restore:", "YES")
        guard plan.replace || wasChosen else { return }
        guard terminal.isInteractive else {
            throw BackupError(
                .usage,
                "this would replace \(name), and nobody is there to ask: confirm it with --yes, or leave out --force to "
                    + "restore beside")
        }
        let answer = terminal.ask(question)
        guard answer == expected else {
            let hint = answer?.uppercased() == expected.uppercased() ? ": type it exactly, \(expected)" : ""
            throw BackupError(.cancelled, "nothing was restored" + hint)
        }
    }
}
