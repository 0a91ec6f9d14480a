import Catalog
package import Domain
import Foundation
package import Wire

// What only a person can decide.
extension Coordinator {
    /// An operator knows of an alert: it stays until its cause is gone, and no longer keeps retention from going on. One that only
    /// asks to be looked at is over by it. Throws `.notFound` when no open alert has this id.
    package func acknowledgeAlert(_ id: String, by operator: OperatorIdentity) async throws(BackupError) -> IncidentView
    {
        try `operator`.require(.operator, "acknowledging an alert")
        let now = world.now()
        return try await catalog.write { update in
            guard let number = Int64(id), let incident = try update.incident(number), incident.resolvedAt == nil else {
                throw BackupError(.notFound, "no open alert has the id \(id.prefix(40)); see `holdfast alert list`")
            }
            try update.acknowledge(number, by: `operator`.tokenId, at: now)
            if IncidentKind.endedByAcknowledgement.contains(incident.condition.kind) {
                try update.resolve(key: incident.condition.key, at: now)
            }
            try update.audit(`operator`.tokenId, "alert ack", incident.condition.key, at: now)
            let known = try update.incident(number) ?? incident
            return IncidentView(known, try update.deliveries(of: number))
        }
    }

    /// From now on retention decides over it as over every other. Throws `.notFound`, `.usage` for one that is not pinned.
    package func unpin(backup id: String, by operator: OperatorIdentity) async throws(BackupError) -> BackupView {
        try `operator`.require(.admin, "unpinning a backup")
        let now = world.now()
        let backup = try await catalog.write { update in
            let backup = try update.requiredBackup(id)
            guard backup.pinned else { throw BackupError(.usage, "backup \(id) is not pinned") }
            try update.setPinned(false, of: backup.id)
            try update.audit(`operator`.tokenId, "backup unpin", backup.id.uuidString.lowercased(), at: now)
            // An older copy would not delete it.
            try CatalogMark.advance(update)
            return backup
        }
        return try await self.backup(backup.id.uuidString, by: `operator`).backup
    }

    /// Of two processes that speak as one agent this one is it: the others are refused from now on, and what this one has kept is
    /// taken in. Throws `.notFound` for one that was never heard, `.usage` when there are no two.
    package func resolveAgent(
        _ nameOrId: String, keep text: String, by operator: OperatorIdentity
    ) async throws(BackupError) -> AgentView {
        try `operator`.require(.admin, "choosing between two hosts")
        let record = try await catalog.read { try $0.requiredAgent(nameOrId) }
        try await loadFence(of: record.id)
        let wanted = text.lowercased()
        let book = fences.change(record.id) { $0.book }
        guard book.heldAt != nil else {
            throw BackupError(.usage, "only one host speaks as \(record.name): there is nothing to choose")
        }
        let all = ([book.current].compactMap(\.self) + book.earlier).map(\.process)
        let found = all.filter { wanted.count >= 4 && $0.instance.uuidString.lowercased().hasPrefix(wanted) }
        guard let kept = found.first, found.count == 1 else {
            let known = all.map { "\($0.instance.uuidString.lowercased()) on \($0.host.prefix(63))" }.joined(
                separator: "; ")
            throw BackupError(
                .notFound, "no single process of \(record.name) is called \(text.prefix(40)); there are: \(known)")
        }
        let now = world.now()
        var after = book
        var fence = Fence(book)
        fence.keep(kept.instance)
        after = fence.book
        try await catalog.write { [after] update in
            try update.setProcesses(after, of: record.id)
            try update.resolve(key: IncidentKey.clone(record.id), at: now)
            try update.audit(
                `operator`.tokenId, "agent resolve", record.name,
                detail: "kept \(kept.instance.uuidString.lowercased())", at: now)
        }
        fences.change(record.id) { $0.keep(kept.instance) }
        presence.wake([record.id])
        return try await agent(nameOrId, by: `operator`)
    }

    /// A database that its agent no longer declares, or that no policy selects, is meant to be so: it is no longer told. Its
    /// backups stay. Throws `.usage` for one that is backed up, `.notFound`.
    package func retireDatabase(
        _ name: String, on agent: String, by operator: OperatorIdentity
    ) async throws(BackupError) -> DatabaseView {
        try `operator`.require(.admin, "retiring a database")
        let now = world.now()
        let judge = judge(at: now)
        return try await catalog.write { update in
            let agent = try update.requiredAgent(agent)
            guard let record = try update.databases(agent: agent.id, named: name).first else {
                throw BackupError(.notFound, "\(agent.name) has no database \(name); see `holdfast database list`")
            }
            var judge = try judge(update)
            let protection = judge.judge(record)
            guard protection.state == .gone || protection.state == .unprotected else {
                throw BackupError(
                    .usage,
                    "\(name) on \(agent.name) is backed up: take it out of its agent.yaml, or out of the policies, first"
                )
            }
            try update.setRetired(record.id, at: now)
            try update.resolve(key: IncidentKey.gone(record), at: now)
            try update.audit(`operator`.tokenId, "database retire", "\(name) on \(agent.name)", at: now)
            return DatabaseView(record, protection)
        }
    }
}
