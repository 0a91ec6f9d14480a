import Catalog
import Domain
import Foundation
import Logging
import Wire

extension Coordinator {
    /// How many copies are looked at at the same time.
    private static let atOnce = 8

    /// Looks at every copy of these backups, now, and notes what that shows. What cannot be looked at is logged, and has no new
    /// evidence.
    func lookNow(at backups: [UUID]) async throws(BackupError) {
        let found = try await catalog.read { view in
            try backups.compactMap { id -> [Subject]? in
                guard let backup = try view.backup(id), let database = try view.databaseRecord(backup.database),
                    let agent = try view.agent(database.agent)
                else { return nil }
                return try view.copies(of: id).filter { $0.isWhole || $0.state == .missing }.map {
                    Subject(backup: backup, copy: $0, agent: agent)
                }
            }
        }
        var rest = found.joined().makeIterator()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.atOnce {
                guard let subject = rest.next() else { break }
                group.addTask { await self.lookNow(atOne: subject) }
            }
            while await group.next() != nil {
                guard !Task.isCancelled, let subject = rest.next() else { continue }
                group.addTask { await self.lookNow(atOne: subject) }
            }
        }
    }

    private struct Subject: Sendable {
        let backup: BackupRecord
        let copy: CopyRecord
        let agent: AgentRecord
    }

    private func lookNow(atOne subject: Subject) async {
        let (backup, copy) = (subject.backup, subject.copy)
        do throws(BackupError) {
            if let directory = copy.place.directory {
                guard subject.agent.revokedAt == nil else { return }
                try await judge(look(atLocal: copy, directory, on: subject.agent), copy, of: backup.id)
            } else {
                try await look(at: copy, of: backup)
            }
        } catch {
            logger.warning(
                "a copy could not be looked at",
                metadata: ["backup": "\(backup.id)", "destination": "\(copy.place.name)", "error": "\(error)"])
        }
    }
}
