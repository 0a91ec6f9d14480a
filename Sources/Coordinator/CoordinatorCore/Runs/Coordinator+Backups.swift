import Catalog
package import Domain
package import Foundation
package import Wire

extension Coordinator {
    /// Asks agents to back up now. Each run can be followed by ``run(_:by:)``.
    package func startBackup(
        _ request: BackupRequest, by operator: OperatorIdentity
    ) async throws(BackupError) -> BackupStarted {
        try `operator`.require(.operator, "starting a backup")
        guard ["database", "application", "all"].contains(request.type) else {
            throw BackupError(.usage, "type is database, application or all, not \(request.type.prefix(40))")
        }
        let (now, fleet) = (world.now(), fleet)
        let reach = reach()
        let newID = world.uuid
        let started = try await catalog.write { update in
            let agent = try request.agent.map { try update.requiredAgent($0) }
            let named = try update.databases(agent: agent?.id, named: request.database?.rawValue, withRevoked: false)
                .filter { $0.goneAt == nil }
            let found = named.filter { request.includes($0.kind) }
            guard !found.isEmpty else { throw request.selectsNothing(of: named) }
            let starter = BackupStarter(
                update: update, fleet: fleet, reach: reach, now: now, requestedBy: `operator`.tokenId)
            var started = BackupStarter.Started()
            for database in found {
                try starter.start(database, tier: request.tier, run: newID(), command: newID(), &started)
            }
            return started
        }
        presence.wake(started.agents)
        return BackupStarted(runs: started.runs, skipped: started.skipped)
    }

    /// One run, with its progress while it runs. Throws `.notFound`.
    package func run(_ id: UUID, by operator: OperatorIdentity) async throws(BackupError) -> RunView {
        try `operator`.require(.viewer, "looking at a run")
        let found = try await catalog.read { view in
            try view.run(id).flatMap { run in
                try view.databaseRecord(run.database).map {
                    (run, $0, try run.backup.flatMap(view.backup), try view.agent($0.agent))
                }
            }
        }
        guard let (run, database, backup, agent) = found else {
            throw BackupError(.notFound, "no run has the id \(id)")
        }
        let live = presence.running(on: database.agent).first { $0.run == id }
        var shown = RunView(run, database, live)
        if !run.state.isTerminal, live == nil, run.startedAt == nil, let agent {
            shown.phase = Self.waitingWords(agent, presence)
        }
        if run.state.isTerminal, let backup {
            (shown.plainBytes, shown.storedBytes) = (backup.plainBytes, backup.storedBytes)
        }
        return shown
    }
}

extension BackupRequest {
    /// `named` has the name that is asked for, but is not of the type.
    fileprivate func selectsNothing(of named: [DatabaseRecord]) -> BackupError {
        guard let database, let other = named.first else {
            return BackupError(.notFound, "no database is selected by this; see `holdfast database list`")
        }
        let (what, type) = other.kind == .application ? ("an application", "application") : ("a database", "database")
        return BackupError(.notFound, "\(database) is \(what): ask for it with --type \(type)")
    }

    fileprivate func includes(_ kind: DatabaseKind) -> Bool {
        switch type {
        case "database": kind != .application
        case "application": kind == .application
        default: true
        }
    }
}
