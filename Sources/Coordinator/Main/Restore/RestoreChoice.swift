import CoordinatorClient
import Domain
import Foundation
import Wire

/// What a person is asked before a restore.
struct RestoreChoice: Sendable {
    let client: OperatorClient
    let terminal: Terminal

    private static let shown = 20

    /// The backup of that id; without one, the one that is chosen from the newest. Throws `.usage` when nobody can be asked.
    func backup(_ id: String?, agent: String?) async throws -> BackupDetailView {
        if let id { return try await client.backup(id) }
        guard terminal.isInteractive else {
            throw BackupError(
                .usage, "nobody is there to ask: pass the id of a backup (`holdfast backup list` shows them)")
        }
        // Some of the newest may be damaged or partial; the good ones are what is offered.
        let newest = try await client.backups(agent: agent, limit: Self.shown * 5).filter { $0.state == .good }
        let offered = Array(newest.sorted { $0.recordedAt > $1.recordedAt }.prefix(Self.shown))
        guard !offered.isEmpty else { throw BackupError(.notFound, "there is no good backup to restore") }
        terminal.say(BackupRendering.lines(offered, now: Date(), numbered: true, terminal.talkLook))
        while true {
            guard let answer = terminal.ask("Number of the backup to restore (1-\(offered.count), q to quit):"),
                answer != "q"
            else { throw BackupError(.cancelled, "nothing was restored") }
            guard let number = Int(answer), offered.indices.contains(number - 1) else { continue }
            return try await client.backup(ShortID.full(offered[number - 1].id))
        }
    }

    /// Throws `.cancelled` when the answer is anything else than what was asked for.
    func confirm(_ plan: RestorePlan, needsYes: Bool, needsName: Bool) throws(BackupError) {
        // Without a terminal, naming the target and --force are the confirmation.
        guard terminal.isInteractive else { return }
        if needsName {
            let name = SafeText(plan.nameToType).text
            guard terminal.ask("This replaces \(name). Type \(name) to go on:") == name else {
                throw BackupError(.cancelled, "nothing was restored")
            }
        } else if needsYes {
            guard terminal.ask("Type YES to restore:") == "YES" else {
                throw BackupError(.cancelled, "nothing was restored")
            }
        }
    }
}
