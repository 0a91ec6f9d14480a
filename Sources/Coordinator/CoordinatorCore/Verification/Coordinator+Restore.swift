import Archive
import Catalog
package import Domain
import Foundation
package import Wire

extension Coordinator {
    /// Has a backup restored by its own agent or another. From the directory on that host if it has the copy, else from
    /// S3 by addresses that are good for 15 minutes and that it asks for anew. Throws `.busy` when that agent is offline: a restore that begins by
    /// itself hours later harms more than one that was refused.
    package func restore(
        backup id: String, _ options: RestoreOptions, by operator: OperatorIdentity
    ) async throws(BackupError) -> OperationView {
        try `operator`.require(.restorer, "restoring")
        guard options.tables.isEmpty else {
            throw BackupError(
                .usage, "restoring single tables comes with a later release; restore beside and copy them")
        }
        let unfit = try await unfitCopies(of: id, options)
        let (now, newID, presence, reach) = (world.now(), world.uuid, presence, reach())
        let (view, agent) = try await catalog.write { update in
            let backup = try update.requiredBackup(id)
            let starter = RestoreStarter(
                operations: OperationStarter(
                    update: update, newID: newID, now: now, requestedBy: `operator`.tokenId), reach: reach,
                options: options, unfit: Set(unfit.keys))
            let operation = try starter.start(backup)
            var view = try Self.view(of: operation, update, presence)
            let place = operation.destination
            if unfit[place] == nil, !unfit.isEmpty {
                let words = unfit.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                view.message = "restored from \(place), because of \(words.joined(separator: "; "))"
            }
            return (view, operation.agent)
        }
        presence.wake([agent].compactMap { $0 })
        return view
    }

    /// Copies in directories of the host that are not there as they were, by name, with why: another copy is used then. What the host
    /// says of them is judged as ever.
    private func unfitCopies(of id: String, _ options: RestoreOptions) async throws(BackupError) -> [String: String] {
        let found = try await catalog.read { view -> (BackupRecord, AgentRecord, [CopyRecord])? in
            let backup = try view.requiredBackup(id)
            guard let source = try view.databaseRecord(backup.database),
                let agent = try view.agent(source.agent), agent.revokedAt == nil
            else { return nil }
            if let other = options.agent, try view.requiredAgent(other).id != agent.id { return nil }
            let whole = try view.copies(of: backup.id).filter(\.isWhole)
            // Where there is no other one nothing is gained.
            guard whole.contains(where: { $0.place.s3 != nil }) else { return nil }
            return (backup, agent, whole.filter { $0.place.directory != nil })
        }
        guard let (backup, agent, copies) = found else { return [:] }
        var unfit: [String: String] = [:]
        for copy in copies {
            guard let directory = copy.place.directory else { continue }
            do throws(BackupError) {
                let sight = try await look(atLocal: copy, directory, on: agent)
                switch sight {
                case .whole: continue
                case .missing(let words), .changed(let words): unfit[copy.place.name] = words
                }
                try await judge(sight, copy, of: backup.id)
            } catch  where error.code != .unreachable {
                unfit[copy.place.name] = error.message
            } catch {
                // Who cannot be asked is refused in what follows, or reads it itself.
            }
        }
        return unfit
    }
}

/// Begins one restore, within one transaction.
private struct RestoreStarter {
    let operations: OperationStarter
    let reach: AgentReach
    let options: RestoreOptions
    /// Names of destinations whose copy is not to be used where there is another.
    let unfit: Set<String>

    private var update: CatalogUpdate { operations.update }

    func start(_ backup: BackupRecord) throws -> OperationRecord {
        guard backup.state != .deleting, backup.state != .deleted else {
            throw BackupError(.notFound, "the backup is being deleted, or was")
        }
        guard let source = try update.databaseRecord(backup.database), let manifest = try update.manifest(of: backup.id)
        else { throw BackupError(.notFound, "the backup's database is not known") }
        guard manifest.objects.allSatisfy({ $0.encryption == nil }) else {
            throw BackupError(.configuration, "the backup is encrypted; this release cannot read it")
        }
        let agent = try options.agent.map { try update.requiredAgent($0) } ?? update.requiredAgent(source.agentName)
        guard agent.revokedAt == nil else {
            throw BackupError(.usage, "the agent \(agent.name) was revoked; name another with --agent")
        }
        guard try !update.heldAgents().contains(agent.id) else {
            throw BackupError(
                .busy,
                "two hosts speak as agent \(agent.name): nothing is restored there until one is chosen with `holdfast agent "
                    + "resolve` (see `holdfast alert list`)")
        }
        if source.kind != .postgres, let target = options.target, !target.hasPrefix("/") {
            let what = source.kind == .sqlite ? "a SQLite file" : "files"
            throw BackupError(.usage, "--to of \(what) is an absolute path on the agent's host")
        }
        if let obstacle = reach.obstacle(agent) {
            throw BackupError(
                .busy,
                "\(obstacle): nothing is restored; name another agent with --agent, or restore without the coordinator "
                    + "by `holdfast-agent restore` on any host that can read the backup")
        }
        try requireParts(of: source, agent)
        let target = try target(on: agent, source)
        try requireOriginal(target, source)
        let copy = try copy(of: backup, for: agent, source)
        let operation = OperationRecord(
            id: operations.newID(), kind: .restore, agent: agent.id, database: source.id, backup: backup.id,
            destination: copy.place.name, state: .pending, totalBytes: backup.plainBytes,
            startedAt: operations.now, requestedBy: operations.requestedBy)
        try update.save(operation)
        var order = RestoreOrder(
            backup: backup.id, database: target.name, kind: source.kind, sources: [],
            fingerprint: manifest.fingerprint, target: options.target, replace: options.replace,
            skipChecksum: options.skipChecksum, withGlobals: options.withGlobals, requestedAt: operations.now)
        order.source = .init(agent: manifest.agent.id, database: manifest.database.name)
        order.trustOrigin = options.trustOrigin
        (order.paths, order.strip) = (options.paths, options.strip)
        order.manner = options.manner
        try operations.send(.restore(order), operation, to: agent.id, Lifetime.restore)
        try audit(backup, agent, operation)
        return operation
    }

    /// Throws when parts of it are asked for that it cannot have, or that the agent would not know of and restore all.
    private func requireParts(of source: DatabaseRecord, _ agent: AgentRecord) throws(BackupError) {
        guard options.paths?.isEmpty == false || (options.strip ?? 0) != 0 else {
            guard options.manner != nil else { return }
            return try requireProtocol3(agent, "how to go about what cannot be made")
        }
        guard source.kind == .application else {
            throw BackupError(.usage, "--path and --strip are for files; \(source.name) is a database")
        }
        guard (0...100).contains(options.strip ?? 0), (options.paths ?? []).count <= 1000 else {
            throw BackupError(.usage, "--strip takes a number up to 100, and --path at most 1,000 paths")
        }
        try requireProtocol3(agent, "to restore parts of an archive")
    }

    private func requireProtocol3(_ agent: AgentRecord, _ what: String) throws(BackupError) {
        guard reach.sightings[agent.id]?.restoresParts == true else {
            throw BackupError(
                .usage,
                "agent \(agent.name) has not said yet that it knows \(what): upgrade it, or try again in a minute if the "
                    + "coordinator has just started")
        }
    }

    /// The database of that host whose server or folder takes it: the one of the same name, or the only one of its kind.
    private func target(on agent: AgentRecord, _ source: DatabaseRecord) throws -> DatabaseRecord {
        if agent.id == source.agent { return source }
        let alike = try update.databases(agent: agent.id).filter { $0.kind == source.kind && $0.goneAt == nil }
        if let same = alike.first(where: { $0.name.rawValue.utf8.elementsEqual(source.name.rawValue.utf8) }) {
            return same
        }
        guard let only = alike.first, alike.count == 1 || source.kind != .postgres else {
            throw BackupError(
                .usage,
                "\(agent.name) declares \(alike.isEmpty ? "no" : "more than one") \(source.kind.rawValue) database, and "
                    + "none of them is called \(source.name): it cannot be told where to restore")
        }
        return only
    }

    /// The original name is that of the same database: on a host that has another one only, it would be that one's.
    private func requireOriginal(_ target: DatabaseRecord, _ source: DatabaseRecord) throws {
        guard options.manner?.intoOriginalName == true else { return }
        guard source.kind == .postgres, options.target == nil else {
            throw BackupError(.usage, "only a PostgreSQL database, without --to, goes into its original name")
        }
        guard target.name.rawValue.utf8.elementsEqual(source.name.rawValue.utf8) else {
            throw BackupError(
                .usage, "that host declares no database \(source.name), so it has no original name there: say --to NAME"
            )
        }
    }

    private func copy(of backup: BackupRecord, for agent: AgentRecord, _ source: DatabaseRecord) throws -> CopyRecord {
        let all = try update.copies(of: backup.id)
        var whole = all.filter(\.isWhole)
        // The only copy is damaged, and that is what is asked for.
        if whole.isEmpty, options.skipChecksum { whole = all.filter { $0.state == .damaged } }
        let fit = whole.filter { !unfit.contains($0.place.name) }
        if agent.id == source.agent, let local = fit.first(where: { $0.place.directory != nil }) { return local }
        if let remote = whole.first(where: { $0.place.s3 != nil }) { return remote }
        throw BackupError(
            .notFound,
            whole.isEmpty
                ? "no destination holds a whole copy of this backup"
                    + (all.contains { $0.state == .damaged }
                        ? "; --skip-checksum restores what there is of the damaged one" : "")
                : "the only copy lies in a directory on \(source.agentName): restore there, or copy it over and use "
                    + "`holdfast-agent restore`")
    }

    private func audit(_ backup: BackupRecord, _ agent: AgentRecord, _ operation: OperationRecord) throws {
        let detail =
            "on \(agent.name), to \(options.target ?? "a new name")" + (options.replace ? ", replacing" : "")
            + (options.skipChecksum ? ", WITHOUT CHECKSUMS" : "")
            + (options.trustOrigin == true ? ", ORIGIN TRUSTED" : "")
            + (options.paths.map { ", only \($0.joined(separator: ", "))" } ?? "")
            + (options.strip.map { ", without the first \(CountText.of($0, "folder"))" } ?? "")
            + (options.manner?.intoOriginalName == true ? ", under the original name" : "")
            + (options.manner?.createRoles == true ? ", making roles" : "")
            + (options.manner?.replaceIncomplete == true ? ", ALSO IF INCOMPLETE" : "")
        try update.audit(
            operations.requestedBy, "restore", backup.id.uuidString.lowercased(), detail: detail, at: operations.now)
    }
}
